import type { Delivery, Source } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import { forbidden } from '../domain/grant.ts'
import type { Respond } from '../domain/hook.ts'
import type { Knock, Receipt } from '../domain/knock.ts'
import type { Recorded } from '../domain/ports.ts'
import { whileOffline } from '../domain/shown-delivery.ts'
import { grantBehind } from '../domain/source.ts'
import { attributed } from './attribute.ts'
import { type AuthenticateDeps, authenticate, usedUp } from './authenticate.ts'
import { type MessageDeps, render } from './message.ts'
import { type RecordDeps, record } from './record.ts'
import { checkSkill, chooseSession, type TargetDeps } from './target.ts'

export type ReceiveDeps = AuthenticateDeps &
  MessageDeps &
  TargetDeps &
  RecordDeps & {
    /** Hands over a delivery that is leased to this process. */
    readonly start: (delivery: Delivery) => void
    /** Resolves with the newest known version of a delivery: when it is terminal, after `waitMs`, or when `signal` aborts. */
    readonly wait: (delivery: Delivery, waitMs: number, signal: AbortSignal) => Promise<Delivery>
    readonly draining: () => boolean
  }

/** How long the caller is ready to wait for the outcome, and whether it is still there. */
export interface Patience {
  readonly waitMs: number
  /** The same as far as the caller asked for it, which is how long it waits at a hook; `waitMs` unless given. */
  readonly hookWaitMs?: number
  readonly signal: () => AbortSignal
}

/**
 * A knock, from proof to receipt, one file a step: `authenticate` (with `authenticate-webhook`), `message` (with `message-body`
 * and `webhook-message`), `target`, `record`. Only what `record` stored is handed on.
 */
export async function receive(deps: ReceiveDeps, knock: Knock, patience: Patience): Promise<Receipt> {
  if (deps.draining()) throw new Failure('draining', 'The server is stopping.', { retryAfterMs: 2000 })
  let source: Source | undefined
  let repeats = false
  try {
    const proven = authenticate(deps, knock)
    // What is at hand is not waited for: each promise costs a knock more than reading a header.
    const admission = proven instanceof Promise ? await proven : proven
    if ('handshake' in admission) return { kind: 'handshake', answer: admission.handshake }
    source = admission.source
    repeats = admission.usedUp === true
    const rendered = await render(deps, knock, admission)
    const { respond } = rendered
    if (repeats && !hasKey(rendered)) throw forbidden()
    if ('ignored' in rendered)
      return answering({ kind: 'ignored', why: rendered.ignored, hook: nameOf(source) }, respond)
    const { session: wanted, skill } = rendered
    const session = wanted === undefined ? admission.session : await chooseSession(deps, admission, wanted)
    const checked = skill === undefined ? rendered : await checkSkill(deps, session, rendered, skill)
    const awaited = checked.nonce === undefined ? checked : { ...checked, awaited: asksToWait(patience) }
    const recorded = await record(deps, knock, admission, session, awaited)
    if (session.state !== 'missing' && session.host !== undefined) deps.wakeHost(session.host)
    const forwarded = forward(deps, recorded, patience)
    const receipt = forwarded instanceof Promise ? await forwarded : forwarded
    const delivery = whileOffline(receipt.delivery, session)
    return answering(delivery === receipt.delivery ? receipt : { ...receipt, delivery }, respond)
  } catch (thrown) {
    throw attributed(repeats && source ? await usedUp(deps, thrown, grantBehind(source)) : thrown, source)
  }
}

/** Whether the caller said itself that it waits: what is waited anyway is over before an agent answers. */
const asksToWait = ({ waitMs, hookWaitMs = waitMs }: Patience): boolean => hookWaitMs > 0

/** Without one it is no repeat. */
const hasKey = (rendered: Awaited<ReturnType<typeof render>>): boolean =>
  !('ignored' in rendered) && rendered.idempotencyKey !== undefined

type Stored = Extract<Receipt, { kind: 'stored' }>

/** With the form in which the sender wants its answer, where it has one. */
const answering = <R extends Exclude<Receipt, { kind: 'handshake' }>>(receipt: R, respond?: Respond): R =>
  respond ? { ...receipt, respond } : receipt

const nameOf = (source: Source): string => (source.kind === 'hook' ? source.hook : source.kind)

/** Hands what is stored to the worker and waits as long as the caller does. */
function forward(deps: ReceiveDeps, recorded: Recorded, patience: Patience): Stored | Promise<Stored> {
  const { delivery, replayed, leased } = recorded
  const { waitMs, hookWaitMs = waitMs } = patience
  const ownMs = delivery.source.kind === 'hook' ? hookWaitMs : waitMs
  if (ownMs <= 0) {
    if (leased) deps.start(delivery)
    return { kind: 'stored', delivery, replayed }
  }
  const waiting = deps.wait(delivery, ownMs, patience.signal())
  if (leased) deps.start(delivery)
  return waiting.then((newest) => ({ kind: 'stored', delivery: newest, replayed }))
}
