import { shellQuoted } from '../../domain/shell-quote.ts'
import type { AgentKind } from '../agents/kinds.ts'
import { questionIn } from '../agents/tool-call.ts'
import type { Json } from '../json.ts'
import { fingerprint } from '../terminal/screen.ts'
import type { HookEvent } from './events.ts'
import { lastAnswerIn } from './gemini-transcript.ts'

/** Agents whose hooks report how a turn goes. */
export type HookedAgent = Extract<AgentKind, 'claude' | 'gemini' | 'codex'>

interface AgentHooks {
  readonly title: string
  /** Where its hooks are configured. */
  readonly where: string
  /** Its hooks run in a daemon that several terminals share, with the environment of the first: it does not tell the pane. */
  readonly daemon?: true
  /** The settings that make the agent call `relay`, a command line without quoting. */
  readonly settings: (relay: Relay) => { readonly text: string; readonly value: unknown }
  /** Where the hook that tells of a permission may answer for its person. Milliseconds that it waits for that, unless it is told. */
  readonly waitsMs?: number
  /** Undefined for an event that concerns no turn. */
  readonly read: (payload: HookPayload) => Omit<HookEvent, 'conversation' | 'pane'> | undefined
}

/** The command lines that the agent is to call, without quoting. */
export interface Relay {
  readonly each: readonly string[]
  /** For a permission, and how long that hook may take at most, where it waits for a decision. */
  readonly permission?: { readonly line: readonly string[]; readonly seconds: number }
}

/** The JSON that an agent gives to its hook. */
export type HookPayload = { readonly [name: string]: unknown }

const maxAnswer = 65_536

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

const answerOf = (value: unknown): { readonly answer?: string } =>
  text(value) === undefined ? {} : { answer: String(value).slice(0, maxAnswer) }

const promptOf = (value: unknown): { readonly prompt?: string } =>
  text(value) === undefined ? {} : { prompt: fingerprint(String(value)) }

/** A long paste is handed to the model between tags. */
const withoutPasteTags = (prompt: unknown): unknown =>
  typeof prompt === 'string' ? prompt.replace(/<\/?pasted_content\b[^>]*>/g, '') : prompt

const detailOf = (...values: readonly unknown[]): { readonly detail?: string } => {
  const detail = values.flatMap((value) => text(value) ?? []).join(': ')
  return detail === '' ? {} : { detail: detail.slice(0, 500) }
}

function questionOf({ tool_name: tool, tool_input: input }: HookPayload): { readonly asks?: string } {
  const asks = questionIn(String(tool), input as Json)
  return asks === undefined ? {} : { asks }
}

export const isHookedAgent = (name: unknown): name is HookedAgent =>
  typeof name === 'string' && Object.hasOwn(hookedAgents, name)

export const hookedAgents: Readonly<Record<HookedAgent, AgentHooks>> = {
  // code.claude.com/docs/en/hooks
  claude: {
    title: 'Claude Code',
    where: 'save it as FILE and start: claude --settings FILE; or merge it into ~/.claude/settings.json',
    settings: (relay) => json(claudeEvents, relay, commandHook),
    // Its dialog stands beside the hook: who sits there may answer at any time.
    waitsMs: 1_500_000,
    read: (payload) => {
      switch (payload.hook_event_name) {
        case 'SessionStart':
          return { is: 'here' }
        case 'UserPromptSubmit':
          return { is: 'accepted', ...promptOf(withoutPasteTags(payload.prompt)) }
        case 'PermissionRequest':
          return { is: 'asks', ...detailOf(payload.tool_name), ...questionOf(payload) }
        case 'Stop':
          return { is: 'completed', ...answerOf(payload.last_assistant_message) }
        case 'StopFailure':
          return {
            is: 'failed',
            ...detailOf(
              payload.error === 'unknown' ? '' : payload.error,
              payload.error_details ?? payload.last_assistant_message,
            ),
            ...answerOf(payload.last_assistant_message),
          }
        case 'SessionEnd':
          return { is: 'gone', ...detailOf(payload.reason) }
        default:
          return undefined
      }
    },
  },
  // geminicli.com/docs/hooks
  gemini: {
    title: 'Gemini CLI',
    where: 'merge it into ~/.gemini/settings.json',
    settings: (relay) =>
      json(geminiEvents, relay, (line, seconds) => ({
        ...commandHook(line, seconds * 1000),
        name: 'postern',
      })),
    read: (payload) => {
      switch (payload.hook_event_name) {
        case 'SessionStart':
          return { is: 'here' }
        case 'BeforeAgent':
          return { is: 'accepted', ...promptOf(payload.prompt) }
        case 'Notification':
          return payload.notification_type === 'ToolPermission'
            ? { is: 'asks', ...detailOf(payload.message) }
            : undefined
        case 'AfterAgent':
          return payload.prompt_response === '[no response text]'
            ? { is: 'failed', detail: 'it ended its turn without a word' }
            : {
                is: 'completed',
                ...answerOf(lastAnswerIn(payload.transcript_path) ?? payload.prompt_response),
              }
        case 'SessionEnd':
          return { is: 'gone', ...detailOf(payload.reason) }
        default:
          return undefined
      }
    },
  },
  // developers.openai.com/codex/hooks
  codex: {
    title: 'Codex',
    daemon: true,
    where:
      'save it as ~/.codex/hooks.json, or merge it in, and trust the hooks where the next codex asks for it; later by /hooks',
    settings: (relay) => json(codexEvents, relay, commandHook),
    // Its dialog comes after the hook: who sits there waits as well.
    waitsMs: 10_000,
    read: (payload) => {
      switch (payload.hook_event_name) {
        case 'SessionStart':
          return { is: 'here' }
        case 'UserPromptSubmit':
          return { is: 'accepted', ...promptOf(payload.prompt) }
        case 'PermissionRequest':
          return { is: 'asks', ...detailOf(payload.tool_name) }
        case 'Stop':
          return { is: 'completed', ...answerOf(payload.last_assistant_message) }
        default:
          return notified(payload)
      }
    },
  },
}

/** `notify` of developers.openai.com/codex/config-advanced, as it was printed before codex had hooks: good ends alone. */
function notified(payload: HookPayload): ReturnType<AgentHooks['read']> {
  if (payload.type !== 'agent-turn-complete') return undefined
  const inputs = payload['input-messages']
  return {
    is: 'completed',
    ...promptOf(Array.isArray(inputs) ? inputs.at(-1) : undefined),
    ...answerOf(payload['last-assistant-message']),
  }
}

const claudeEvents = [
  ...['SessionStart', 'UserPromptSubmit', 'PermissionRequest'],
  ...['Stop', 'StopFailure', 'SessionEnd'],
]

const codexEvents = ['SessionStart', 'UserPromptSubmit', 'PermissionRequest', 'Stop']

const geminiEvents = ['SessionStart', 'BeforeAgent', 'Notification', 'AfterAgent', 'SessionEnd']

/** `timeout` in the unit of the agent. */
const commandHook = (line: readonly string[], timeout: number) => ({
  type: 'command',
  command: line.map(shellQuoted).join(' '),
  timeout,
})

/** How long an agent waits for a hook that only tells. */
const tellSeconds = 10

function json(
  events: readonly string[],
  { each, permission }: Relay,
  hook: (line: readonly string[], seconds: number) => object,
) {
  const hookFor = (event: string) =>
    event === 'PermissionRequest' && permission
      ? hook(permission.line, permission.seconds)
      : hook(each, tellSeconds)
  const value = { hooks: Object.fromEntries(events.map((event) => [event, [{ hooks: [hookFor(event)] }]])) }
  return { text: JSON.stringify(value, null, 2), value }
}
