import { Failure, reasonOf } from '../../../domain/error.ts'
import type { Refusal, RefusalFilter } from '../../../domain/refusal.ts'
import type { SentToHook } from '../../../inbound/send-signed.ts'
import type { LoginGuard } from '../login-guard.ts'
import { mendsOf } from '../refusal-groups.ts'
import type { Trial } from './bench.ts'

/** What came of a test, for the page that its form leads to. */
export interface Answered {
  readonly hook: string
  /** The delivery that it made, or `nothing`. */
  readonly sent: string
  readonly trial: Trial
  readonly tone: 'taken' | 'failed' | 'waiting'
  readonly title: string
  readonly text: string
  readonly mends: string | null
}

/** The last test of the login that asks. */
export const lastTest = async (
  guard: Pick<LoginGuard, 'findNote'>,
  request: Request,
): Promise<Answered | undefined> => (await guard.findNote(request, 'answered')) as Answered | undefined

export const keepTest = (
  guard: Pick<LoginGuard, 'leaveNote'>,
  request: Request,
  test: Answered,
): Promise<void> => guard.leaveNote(request, 'answered', test)

type Result = Pick<Answered, 'tone' | 'title' | 'text' | 'mends'>

/** What the hook answered, for people: taken, ignored or refused, with the cause, which senders do not get. */
export async function resultOf(
  sent: SentToHook,
  refusals: (filter: RefusalFilter) => Promise<readonly Refusal[]>,
): Promise<Result> {
  const member = (name: string) => memberOf(sent.answer, name)
  const isIgnored = member('status') === 'ignored'
  if (sent.status < 400 && !isIgnored)
    return {
      tone: 'taken',
      title: `The door answered ${sent.status}`,
      text: sent.replayed ? 'It is a repeat: the payload has an id that came before.' : '',
      mends: null,
    }
  const cause = await causeOf(sent, member('requestId'), refusals)
  const code = cause?.code ?? 'ignored'
  const text = cause?.cause ?? member('reason') ?? member('detail') ?? ''
  const isStored = sent.deliveryId !== null
  return {
    tone: isIgnored ? 'waiting' : 'failed',
    title: `The door answered ${sent.status}: ${isIgnored ? 'ignored' : (member('title') ?? 'refused')}`,
    text: `${text}${/[.!?]$/.test(text) ? '' : '.'} ${isIgnored ? ignoredText : isStored ? storedText : 'Nothing is stored.'}`,
    mends: isStored ? null : mendsOf({ code, cause: text }),
  }
}

const ignoredText = 'Nothing is stored, and no agent hears of it.'
const storedText = 'It is kept as a delivery that failed.'

/** The result of a test that was refused before it was sent. Throws `not_found`, and what is no `Failure`. */
export function notSent(thrown: unknown): Result {
  if (thrown instanceof Failure && thrown.code === 'not_found') throw thrown
  if (!(thrown instanceof Failure)) throw thrown
  return { tone: 'failed', title: 'It was not sent', text: reasonOf(thrown), mends: null }
}

/** The refusal with that request id, as the list of refusals has it. */
async function causeOf(
  { hook }: SentToHook,
  requestId: string | undefined,
  refusals: (filter: RefusalFilter) => Promise<readonly Refusal[]>,
): Promise<Refusal | undefined> {
  if (requestId === undefined) return undefined
  return (await refusals({ hook, limit: 50 })).find((refusal) => refusal.requestId === requestId)
}

function memberOf(answer: unknown, name: string): string | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined
  const value: unknown = Object.getOwnPropertyDescriptor(answer, name)?.value
  return typeof value === 'string' ? value : undefined
}
