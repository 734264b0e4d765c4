import { oneLine } from '../../domain/one-line.ts'
import type { QuestionDecision } from '../agent-process/questions.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'

/** What a tool call is about, from all updates of that call so far, as the agent sent it. */
export interface ToolCall {
  readonly title?: string
  readonly kind?: string
}

export const toolCallOf = (update: JsonObject, before: ToolCall = {}): ToolCall => {
  const [title, kind] = [textAt(update, 'title') ?? before.title, textAt(update, 'kind') ?? before.kind]
  return {
    ...(title !== undefined && { title: bounded(title) }),
    ...(kind !== undefined && { kind }),
  }
}

/** For people: on one line and cut. Two calls may be shown alike, so a permission is held against the whole title. */
export const nameOf = ({ title, kind }: ToolCall): string => oneLine(title ?? kind ?? 'a tool', maxTitle)

/**
 * The option that allows this one call, when the session's configuration names the tool. Ids differ among agents, so it
 * is chosen by kind; what would allow more than this call is left to a person.
 */
export function allowedOption(
  call: ToolCall,
  permissions: readonly string[],
  options: Json | undefined,
): string | undefined {
  if (!permissions.some((name) => (kinds.has(name) ? name === call.kind : name === call.title)))
    return undefined
  return optionOf('allow_once', options)
}

/**
 * What a person may decide on from afar: this one call. Undefined where the agent offers no option that allows it once. `about`: all
 * that the agent has told of the call.
 */
export function decisionOn(
  id: string,
  call: ToolCall,
  about: JsonObject,
  options: Json | undefined,
  answer: (outcome: JsonObject) => void,
): QuestionDecision | undefined {
  const once = optionOf('allow_once', options)
  if (once === undefined) return undefined
  const never = optionOf('reject_once', options)
  return {
    request: {
      id,
      kind: 'permission',
      title: nameOf(call),
      detail: JSON.stringify(about, null, 2),
    },
    allow: () => answer({ outcome: 'selected', optionId: once }),
    deny: () =>
      answer(never === undefined ? { outcome: 'cancelled' } : { outcome: 'selected', optionId: never }),
  }
}

function optionOf(kind: 'allow_once' | 'reject_once', options: Json | undefined): string | undefined {
  const list: readonly Json[] = Array.isArray(options) ? options : []
  return textAt(
    list.find((option) => isObject(option) && option.kind === kind),
    'optionId',
  )
}

/** ACP's kinds of tools. They mean the kind only: a call's title is the agent's own choice. */
const kinds: ReadonlySet<string> = new Set([
  'read',
  'edit',
  'delete',
  'move',
  'search',
  'execute',
  'think',
  'fetch',
  'switch_mode',
  'other',
])

const maxTitle = 200
/** UTF-16 units of a title that are remembered; one that was cut ends so that no permission is equal to it. */
const maxWhole = 10_000

const bounded = (title: string): string => (title.length > maxWhole ? `${title.slice(0, maxWhole)}\0` : title)

/** What agents have told of their newest calls: a request for permission may name its call alone. */
export interface Abouts {
  add(id: string, update: JsonObject): void
  get(id: string): JsonObject | undefined
}

const mostAbouts = 16
const ended: ReadonlySet<string> = new Set(['completed', 'failed'])

export function createAbouts(): Abouts {
  const abouts = new Map<string, JsonObject>()
  return {
    add: (id, { sessionUpdate: _, ...update }) => {
      const before = abouts.get(id)
      abouts.delete(id)
      if (ended.has(textAt(update, 'status') ?? '')) return
      abouts.set(id, { ...before, ...update })
      const oldest = abouts.size > mostAbouts ? abouts.keys().next().value : undefined
      if (oldest !== undefined) abouts.delete(oldest)
    },
    get: (id) => abouts.get(id),
  }
}
