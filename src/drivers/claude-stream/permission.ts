import { oneLine } from '../../domain/one-line.ts'
import { type JsonObject, textAt } from '../json.ts'
import type { StreamConnection } from './connection.ts'

/** Requests to use a tool. What is not configured waits for a person, who is not here, until the turn is cancelled. */
export interface Permissions {
  request(line: JsonObject): void
  blocked(): string | undefined
  /** Denies all that wait, and all that come later. */
  cancel(): void
}

export interface PermissionListeners {
  readonly held: (name: string) => void
  /** One has waited for too long. */
  readonly late: () => void
}

const patienceMs = 1_800_000

export function createPermissions(
  connection: StreamConnection,
  allowed: readonly string[],
  listeners: PermissionListeners,
): Permissions {
  const open = new Map<string, { readonly name: string; readonly timer: ReturnType<typeof setTimeout> }>()
  let cancelled = false
  const deny = (id: string) =>
    connection.answer(id, { behavior: 'deny', message: 'Its turn was cancelled.', interrupt: true })
  return {
    request: ({ request_id, request }) => {
      const id = typeof request_id === 'string' ? request_id : ''
      const call = callOf(request as JsonObject)
      if (cancelled) return deny(id)
      if (isAllowed(call, allowed))
        return connection.answer(id, { behavior: 'allow', updatedInput: call.input })
      const name = oneLine(call.command === undefined ? call.tool : `${call.tool}(${call.command})`)
      open.set(id, { name, timer: setTimeout(listeners.late, patienceMs) })
      listeners.held(name)
    },
    blocked: () => {
      const [first] = open.values()
      return first && `it waits for permission: ${first.name}`
    },
    cancel: () => {
      cancelled = true
      for (const [id, { timer }] of open) {
        clearTimeout(timer)
        deny(id)
      }
      open.clear()
    },
  }
}

interface Call {
  readonly tool: string
  readonly input: JsonObject
  /** Of a shell. */
  readonly command: string | undefined
}

function callOf(request: JsonObject): Call {
  const input = (request.input ?? {}) as JsonObject
  return { tool: textAt(request, 'tool_name') ?? 'a tool', input, command: textAt(input, 'command') }
}

const isAllowed = ({ tool, command }: Call, allowed: readonly string[]): boolean =>
  allowed.includes(tool) || (command !== undefined && allowed.includes(`${tool}(${command})`))
