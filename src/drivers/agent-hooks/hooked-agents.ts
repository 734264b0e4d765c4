import type { AgentKind } from '../agents/skills.ts'
import { fingerprint } from '../terminal/screen.ts'
import type { Word } from './events.ts'
import { lastSaidIn } from './gemini-transcript.ts'

/** Agents whose hooks can tell how a turn goes. */
export type HookedAgent = Extract<AgentKind, 'claude' | 'gemini' | 'codex'>

export interface Hooked {
  readonly title: string
  /** Where its hooks are written down. */
  readonly where: string
  /** The settings that make it call `relay`, a command line without quoting. */
  readonly settings: (relay: readonly string[]) => { readonly text: string; readonly value: unknown }
  /** Undefined for what says nothing about a turn. */
  readonly read: (said: Said) => Omit<Word, 'conversation' | 'pane'> | undefined
}

/** What a hook was given, parsed. */
export type Said = { readonly [name: string]: unknown }

const maxAnswer = 65_536

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

const answered = (value: unknown): { readonly answer?: string } =>
  text(value) === undefined ? {} : { answer: String(value).slice(0, maxAnswer) }

const asked = (value: unknown): { readonly prompt?: string } =>
  text(value) === undefined ? {} : { prompt: fingerprint(String(value)) }

/** A long paste is handed to the model between tags. */
const withoutPasteTags = (prompt: unknown): unknown =>
  typeof prompt === 'string' ? prompt.replace(/<\/?pasted_content\b[^>]*>/g, '') : prompt

const detailed = (...values: readonly unknown[]): { readonly detail?: string } => {
  const detail = values.flatMap((value) => text(value) ?? []).join(': ')
  return detail === '' ? {} : { detail: detail.slice(0, 500) }
}

export const isHookedAgent = (name: unknown): name is HookedAgent =>
  typeof name === 'string' && Object.hasOwn(hookedAgents, name)

export const hookedAgents: Readonly<Record<HookedAgent, Hooked>> = {
  // code.claude.com/docs/en/hooks
  claude: {
    title: 'Claude Code',
    where: 'save it as FILE and start: claude --settings FILE; or merge it into ~/.claude/settings.json',
    settings: (relay) => json(claudeEvents, { type: 'command', command: shellLine(relay), timeout: 10 }),
    read: (said) => {
      switch (said.hook_event_name) {
        case 'SessionStart':
          return { is: 'here' }
        case 'UserPromptSubmit':
          return { is: 'accepted', ...asked(withoutPasteTags(said.prompt)) }
        case 'PermissionRequest':
          return { is: 'asks', ...detailed(said.tool_name) }
        case 'Stop':
          return { is: 'completed', ...answered(said.last_assistant_message) }
        case 'StopFailure':
          return {
            is: 'failed',
            ...detailed(
              said.error === 'unknown' ? '' : said.error,
              said.error_details ?? said.last_assistant_message,
            ),
            ...answered(said.last_assistant_message),
          }
        case 'SessionEnd':
          return { is: 'gone', ...detailed(said.reason) }
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
      json(geminiEvents, { type: 'command', name: 'postern', command: shellLine(relay), timeout: 10_000 }),
    read: (said) => {
      switch (said.hook_event_name) {
        case 'SessionStart':
          return { is: 'here' }
        case 'BeforeAgent':
          return { is: 'accepted', ...asked(said.prompt) }
        case 'Notification':
          return said.notification_type === 'ToolPermission'
            ? { is: 'asks', ...detailed(said.message) }
            : undefined
        case 'AfterAgent':
          return said.prompt_response === '[no response text]'
            ? { is: 'failed', detail: 'it ended its turn without a word' }
            : { is: 'completed', ...answered(lastSaidIn(said.transcript_path) ?? said.prompt_response) }
        case 'SessionEnd':
          return { is: 'gone', ...detailed(said.reason) }
        default:
          return undefined
      }
    },
  },
  // developers.openai.com/codex/config-advanced: notify
  codex: {
    title: 'Codex',
    where: 'put it at the top of ~/.codex/config.toml',
    settings: (relay) => ({
      text: `notify = [${relay.map((word) => JSON.stringify(word)).join(', ')}]`,
      value: { notify: relay },
    }),
    read: (said) => {
      if (said.type !== 'agent-turn-complete') return undefined
      const inputs = said['input-messages']
      return {
        is: 'completed',
        ...asked(Array.isArray(inputs) ? inputs.at(-1) : undefined),
        ...answered(said['last-assistant-message']),
      }
    },
  },
}

const claudeEvents = [
  ...['SessionStart', 'UserPromptSubmit', 'PermissionRequest'],
  ...['Stop', 'StopFailure', 'SessionEnd'],
]

const geminiEvents = ['SessionStart', 'BeforeAgent', 'Notification', 'AfterAgent', 'SessionEnd']

function json(events: readonly string[], hook: object) {
  const value = { hooks: Object.fromEntries(events.map((event) => [event, [{ hooks: [hook] }]])) }
  return { text: JSON.stringify(value, null, 2), value }
}

const shellLine = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ')
