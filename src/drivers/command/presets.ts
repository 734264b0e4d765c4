import type { TurnFailure } from '../../domain/outcome.ts'
import type { AgentKind } from '../agents/kinds.ts'
import { isObject, type Json, type JsonObject, readObjects, readRows, textAt } from '../json.ts'

/** The conversation a turn belongs to: a new one under an id of our choice, or an earlier one. */
export interface Conversation {
  readonly id: string
  readonly resumed: boolean
}

/** An agent's own report of its turn, beside its exit code. */
export interface Report {
  readonly failure?: {
    readonly why: TurnFailure
    readonly detail: string
    /** The agent reported nothing; `detail` says so. */
    readonly silent?: true
  }
  readonly answer?: string
  /** The id under which the next turn goes on. */
  readonly conversation?: string
  readonly toolCalls?: number
}

export interface Preset {
  /** What is put behind the command. */
  readonly args: (conversation: Conversation) => readonly string[]
  /** What is put into its environment. */
  readonly env?: Readonly<Record<string, string>>
  /** A new conversation takes the id we chose; else the agent reports its own. */
  readonly takesId: boolean
  /** Reads everything the agent wrote; pure. */
  readonly report: (stdout: string) => Report
}

/** Else `@/etc/passwd` in an outsider's message would be read and put before the model, wherever it stands. */
export const claudeEnv = { CLAUDE_CODE_DISABLE_FILE_MENTIONS: '1' } as const

/** How each agent is run without a terminal, its message on standard input. */
export const presets: Readonly<Record<AgentKind, Preset>> = {
  claude: {
    takesId: true,
    args: ({ id, resumed }) => ['-p', '--output-format', 'json', resumed ? '--resume' : '--session-id', id],
    env: claudeEnv,
    report: (stdout) => resultReport(readObjects(stdout)),
  },
  codex: {
    takesId: false,
    // Codex refuses folders that are no git repository; who added the session chose the folder.
    args: ({ id, resumed }) => [
      ...['exec', ...(resumed ? ['resume', id] : [])],
      ...['--skip-git-repo-check', '--json', '-'],
    ],
    report: (stdout) => codexReport(readRows(stdout)),
  },
  gemini: {
    takesId: true,
    args: ({ id, resumed }) => [resumed ? '--resume' : '--session-id', id, '--output-format', 'json'],
    report: (stdout) => geminiReport(readObjects(stdout)),
  },
  opencode: {
    takesId: false,
    args: ({ id, resumed }) => ['run', '--format', 'json', ...(resumed ? ['--session', id] : [])],
    report: (stdout) => opencodeReport(readRows(stdout)),
  },
  pi: {
    takesId: true,
    args: ({ id }) => ['-p', '--session-id', id],
    report: (stdout) => ({ answer: stdout }),
  },
  qwen: {
    takesId: false,
    args: ({ id, resumed }) => ['--output-format', 'json', ...(resumed ? ['--resume', id] : [])],
    report: (stdout) => resultReport(readObjects(stdout)),
  },
}

/** True when an agent complains that it does not know the conversation it was asked to continue. */
export const isLostConversation = (complaint: string): boolean =>
  /\bno (?:such |saved |recorded )?(?:conversation|session|rollout|thread)s?\b.{0,40}\b(?:found|exists?|with)\b|\b(?:conversation|session|rollout|thread)\b.{0,80}\b(?:not found|does not exist|unknown)\b|\binvalid session\b/i.test(
    complaint,
  )

const noReport: Report = {
  failure: { why: 'agent_error', detail: 'it exited without saying how its turn went', silent: true },
}

const failed = (why: TurnFailure, detail: string): Pick<Report, 'failure'> => ({ failure: { why, detail } })

/** Claude Code and its kin: one object of type `result`, alone or at the end of a list of messages. */
function resultReport(objects: readonly JsonObject[]): Report {
  const result = objects.findLast((object) => object.type === 'result')
  if (!result) return noReport
  const answer = textAt(result, 'result')
  const conversation = textAt(result, 'session_id')
  return {
    ...resultFailure(result, answer),
    ...(answer !== undefined && { answer }),
    ...(conversation !== undefined && { conversation }),
  }
}

/** `subtype` says success even when the model could not be reached; `is_error` is the one that counts. */
function resultFailure(result: JsonObject, answer: string | undefined): Pick<Report, 'failure'> {
  const subtype = textAt(result, 'subtype') ?? ''
  const error = textAt(result, 'error', 'message') ?? textAt(result, 'error')
  if (result.is_error !== false || subtype.startsWith('error') || error !== undefined)
    return failed('agent_error', error ?? (answer || subtype || 'it reported an error'))
  const reason = textAt(result, 'stop_reason')
  if (reason === 'refusal' || reason === 'max_tokens') return failed(reason, answer ?? reason)
  return {}
}

function codexReport(rows: readonly JsonObject[]): Report {
  const of = (type: string) => rows.filter((row) => row.type === type)
  const items = of('item.completed').map((row) => row.item)
  const answer = textsOf(items, 'agent_message').at(-1)
  const toolCalls = items.filter((item) => isObject(item) && !quiet.has(textAt(item, 'type') ?? '')).length
  const conversation = textAt(of('thread.started')[0], 'thread_id')
  return {
    ...codexFailure(of, answer !== undefined || toolCalls > 0),
    ...(answer !== undefined && { answer }),
    ...(conversation !== undefined && { conversation }),
    toolCalls,
  }
}

/** What a codex turn consists of beside its tool calls. */
const quiet: ReadonlySet<string> = new Set(['agent_message', 'reasoning', 'todo_list', 'error'])

function codexFailure(of: (type: string) => readonly JsonObject[], spoke: boolean): Pick<Report, 'failure'> {
  const [turnFailed] = of('turn.failed')
  const message = textAt(turnFailed, 'error', 'message') ?? textAt(of('error').at(-1), 'message')
  if (turnFailed) return failed('agent_error', message ?? 'its turn failed')
  if (of('turn.completed').length === 0) return message ? failed('agent_error', message) : noReport
  return spoke ? {} : failed('empty', 'its turn ended without a word')
}

function geminiReport(objects: readonly JsonObject[]): Report {
  const result = objects.findLast((object) => 'response' in object || 'error' in object)
  if (!result) return noReport
  const answer = textAt(result, 'response')
  const { error } = result
  const message = textAt(result, 'error', 'message') ?? textAt(result, 'error') ?? 'it reported an error'
  return {
    ...(error !== undefined && error !== null && failed('agent_error', message)),
    ...(answer !== undefined && { answer }),
  }
}

function opencodeReport(rows: readonly JsonObject[]): Report {
  const error = rows.find((row) => row.type === 'error')
  const parts = rows.map((row) => row.part)
  const answer = textsOf(parts, 'text').join('\n')
  const toolCalls = rows.filter((row) => row.type === 'tool_use').length
  const conversation = textAt(rows[0], 'sessionID')
  const silent = answer === '' && toolCalls === 0
  return {
    ...(error
      ? failed('agent_error', opencodeError(error))
      : silent && failed('empty', 'its turn ended without a word')),
    answer,
    ...(conversation !== undefined && { conversation }),
    toolCalls,
  }
}

const opencodeError = (row: JsonObject): string =>
  textAt(row, 'error', 'data', 'message') ??
  textAt(row, 'error', 'message') ??
  textAt(row, 'error', 'name') ??
  'it reported an error'

const textsOf = (parts: readonly (Json | undefined)[], type: string): readonly string[] =>
  parts.flatMap((part) => (isObject(part) && part.type === type ? (textAt(part, 'text') ?? []) : []))
