import { oneLine } from '../../domain/one-line.ts'
import { type JsonObject, textAt } from '../json.ts'
import type { PiConnection } from './connection.ts'

/** What the agent's extensions ask a person. Nobody but a person says yes: they wait until the turn is cancelled. */
export interface Dialogs {
  open(request: JsonObject): void
  blocked(): string | undefined
  /** Dismisses all that wait, and all that come later. */
  cancel(): void
}

export interface DialogListeners {
  readonly held: (title: string) => void
  /** One has waited for too long. */
  readonly late: () => void
}

/** As long as an ACP agent's request for permission may wait. */
const patienceMs = 1_800_000

/** Those that wait for an answer; the others only show something. */
const waiting: ReadonlySet<string> = new Set(['select', 'confirm', 'input', 'editor'])

export function createDialogs(connection: PiConnection, listeners: DialogListeners): Dialogs {
  const open = new Map<string, { readonly title: string; readonly timer: ReturnType<typeof setTimeout> }>()
  let cancelled = false
  const dismiss = (id: string) => connection.send({ type: 'extension_ui_response', id, cancelled: true })
  return {
    open: (request) => {
      const id = textAt(request, 'id') ?? ''
      if (!waiting.has(textAt(request, 'method') ?? '')) return
      if (cancelled) return dismiss(id)
      const title = oneLine(textAt(request, 'title') ?? 'a question')
      // With a time of its own the agent decides by itself when that is over.
      const { timeout } = request
      const timer =
        typeof timeout === 'number'
          ? setTimeout(() => void open.delete(id), timeout)
          : setTimeout(listeners.late, patienceMs)
      open.set(id, { title, timer })
      listeners.held(title)
    },
    blocked: () => {
      const [first] = open.values()
      return first && `it asks: ${first.title}`
    },
    cancel: () => {
      cancelled = true
      for (const [id, { timer }] of open) {
        clearTimeout(timer)
        dismiss(id)
      }
      open.clear()
    },
  }
}
