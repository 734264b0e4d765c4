import { oneLine } from '../../domain/one-line.ts'
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
  const list: readonly Json[] = Array.isArray(options) ? options : []
  const once = list.find((option) => isObject(option) && option.kind === 'allow_once')
  return textAt(once, 'optionId')
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
