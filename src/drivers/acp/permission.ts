import { oneLine } from '../../domain/one-line.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'

/** What a tool call is about, from all updates of that call so far. */
export interface ToolCall {
  readonly title?: string
  readonly kind?: string
}

export const toolCallOf = (update: JsonObject, before: ToolCall = {}): ToolCall => {
  const [title, kind] = [textAt(update, 'title') ?? before.title, textAt(update, 'kind') ?? before.kind]
  return {
    ...(title !== undefined && { title: oneLine(title, maxTitle) }),
    ...(kind !== undefined && { kind }),
  }
}

export const nameOf = ({ title, kind }: ToolCall): string => title ?? kind ?? 'a tool'

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
