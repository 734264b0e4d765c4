import type { Outcome } from '../../domain/outcome.ts'
import type { AgentKind } from '../agents/kinds.ts'
import { cutAnswer } from '../answer.ts'
import { type Conversation, presets, type Report } from './presets.ts'
import type { Finished } from './run.ts'

interface Judgement {
  readonly outcome: Outcome
  /** The conversation to continue with the next message. */
  readonly conversation?: string
}

const exTempFail = 75

/** What a finished program means: its exit code, then a preset's agent's own report of its turn. Pure. */
export function judge(
  finished: Finished,
  preset: AgentKind | undefined,
  timeoutMs: number | undefined,
  asked: Conversation,
): Judgement {
  if (finished.cut === 'stopped')
    return { outcome: { kind: 'released', why: 'its command was stopped while it ran; it will run again' } }
  if (finished.cut === 'timeout')
    return { outcome: { kind: 'turn_failed', why: 'timeout', detail: timeoutDetail(timeoutMs) } }
  if (finished.exitCode === exTempFail)
    return { outcome: { kind: 'failed', why: withComplaint('it said to try later', finished), retry: true } }
  const report = reportOf(finished, preset)
  const outcome = outcomeOf(finished, report)
  const conversation = preset && (report.conversation ?? idKept(preset, asked))
  return { outcome, ...(outcome.kind === 'completed' && isSafe(conversation) && { conversation }) }
}

const idKept = (preset: AgentKind, { id, resumed }: Conversation): string | undefined =>
  resumed || presets[preset].takesId ? id : undefined

const timeoutDetail = (timeoutMs: number | undefined): string =>
  timeoutMs === undefined ? 'it ran longer than it may' : `it ran longer than ${timeoutMs} ms`

function reportOf(finished: Finished, preset: AgentKind | undefined): Report {
  if (!preset) return { answer: finished.stdout }
  if (!finished.truncated || preset === 'pi') return presets[preset].report(finished.stdout)
  return { failure: { why: 'agent_error', detail: 'it wrote more about its turn than is read' } }
}

function outcomeOf(finished: Finished, report: Report): Outcome {
  const answer = report.answer === undefined ? {} : { answer: answerOf(report.answer) }
  const { toolCalls } = report
  if (finished.exitCode === 0 && !report.failure)
    return { kind: 'completed', ...answer, ...(toolCalls !== undefined && { toolCalls }) }
  const why = finished.signal ? 'exited' : (report.failure?.why ?? 'agent_error')
  return { kind: 'turn_failed', why, detail: failureDetail(finished, report), ...answer }
}

function failureDetail(finished: Finished, { failure }: Report): string {
  const exit = finished.signal ? `killed by ${finished.signal}` : `exit code ${finished.exitCode}`
  if (failure && finished.exitCode === 0) return failure.detail.slice(0, maxDetail)
  // The agent's report comes before what it, or its libraries, wrote to standard error.
  const parts = [failure?.silent ? '' : failure?.detail.slice(0, maxDetail), finished.complaint]
  const complaint = parts.filter((part) => part).join('; ')
  return withComplaint(exit, { complaint: complaint || (failure?.detail ?? '') })
}

const maxDetail = 300

const withComplaint = (what: string, { complaint }: Pick<Finished, 'complaint'>): string =>
  complaint === '' ? what : `${what}: ${complaint}`

/** Without the line ends that close a program's output, as a shell's `$(…)` takes it. */
const answerOf = (output: string): string => cutAnswer(output.replace(/[\r\n]+$/, ''))

/** Whether the conversation's id is fit to be an argument of the next run. */
const isSafe = (conversation: string | undefined): conversation is string =>
  conversation !== undefined && /^[\w.:][\w.:-]{0,199}$/.test(conversation)
