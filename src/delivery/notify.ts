import { signCallback } from '../auth/callback-signature.ts'
import type { Delivery, DeliveryId } from '../domain/delivery.ts'
import { reasonOf } from '../domain/error.ts'
import { type Notice, type NoticeEnd, type NoticeReceiver, noticeEnd } from '../domain/notice.ts'
import type { NoticeStore } from '../domain/notice-store.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Clock, DoorStore, Log } from '../domain/ports.ts'
import type { RetryPolicy } from '../domain/retry-policy.ts'
import { pause } from '../wait.ts'
import type { Caller } from './callback.ts'
import { messageOf, type NoticeSubject } from './notice-message.ts'

export interface NotifierDeps {
  readonly store: Pick<NoticeStore, 'dueNotices' | 'settleNotice'> & Pick<DoorStore, 'findDelivery'>
  /** The rules as they stand now. */
  readonly receivers: () => readonly NoticeReceiver[]
  readonly caller: Caller
  /** What signs for a receiver without secrets of its own, newest first. */
  readonly secrets: () => readonly string[]
  /** What the decision asks that a notice names in `data.decision`, with an address minted for it while it is open. */
  readonly decision: (id: string) => Promise<Pick<NoticeSubject, 'request' | 'decideUrl'> | undefined>
  readonly clock: Pick<Clock, 'now' | 'random'>
  /** The time of deliveries. */
  readonly steady: () => number
  readonly policy: () => RetryPolicy
  readonly log: Log
}

/** Sends notices that are due, to each receiver one at a time, until they are settled: at least once, under one id. */
export interface Notifier {
  /** Attempts since the start. */
  totals(): NoticeTotals
  /** Lets go of what is under way: it is sent again after the next start. */
  close(): Promise<void>
}

export type NoticeTotals = Readonly<Record<'delivered' | 'retried' | 'failed', number>>

/** How often what is due is looked for: a read of microseconds, and none without a rule. */
const lookMs = 250

export function createNotifier(deps: NotifierDeps): Notifier {
  const closing = new AbortController()
  const busy = new Map<string, Promise<void>>()
  const totals = { delivered: 0, retried: 0, failed: 0 }
  let timer: ReturnType<typeof setTimeout> | undefined
  let looking = Promise.resolve()

  const send = async (notice: Notice, receiver: NoticeReceiver) => {
    const end = await attempt(deps, notice, receiver, closing.signal)
    if (closing.signal.aborted && end.state !== 'DELIVERED') return
    totals[outcomeNames[end.state]] += 1
    report(deps.log, notice, end)
    await store(deps, notice, end, closing.signal)
  }
  const look = async () => {
    const free = deps.receivers().filter(({ name }) => !busy.has(name))
    if (free.length === 0) return
    const due = await deps.store.dueNotices(
      deps.steady(),
      free.map(({ name }) => name),
    )
    for (const notice of due) {
      const receiver = free.find(({ name }) => name === notice.rule)
      if (receiver && !closing.signal.aborted)
        busy.set(
          receiver.name,
          send(notice, receiver).finally(() => next(receiver)),
        )
    }
  }
  const next = ({ name }: NoticeReceiver) => {
    busy.delete(name)
    schedule(0)
  }
  const schedule = (ms: number) => {
    clearTimeout(timer)
    if (!closing.signal.aborted)
      timer = setTimeout(() => {
        looking = lookAgain()
      }, ms)
  }
  const lookAgain = () =>
    look()
      .catch((thrown: unknown) => deps.log('error', 'notices.unread', { why: reasonOf(thrown) }))
      .finally(() => schedule(lookMs))
  schedule(lookMs)
  return {
    totals: () => totals,
    async close() {
      closing.abort()
      clearTimeout(timer)
      await looking
      await Promise.allSettled(busy.values())
    },
  }
}

const outcomeNames = { DELIVERED: 'delivered', PENDING: 'retried', FAILED: 'failed' } as const

async function attempt(
  deps: NotifierDeps,
  notice: Notice,
  receiver: NoticeReceiver,
  signal: AbortSignal,
): Promise<NoticeEnd> {
  const outcome = await post(deps, notice, receiver, signal).catch(
    (thrown: unknown): Outcome => ({ kind: 'failed', why: reasonOf(thrown), retry: true }),
  )
  return noticeEnd(notice, outcome, deps.steady(), deps.clock.random(), deps.policy())
}

/** Made anew for each attempt: its time, its signature, and what must not lie in the store. */
async function post(
  { store, caller, secrets, decision, clock }: NotifierDeps,
  { id, event }: Notice,
  receiver: NoticeReceiver,
  signal: AbortSignal,
): Promise<Outcome> {
  const { headers, body } = messageOf(receiver, event, {
    delivery: await found(store, event.data.delivery),
    ...(typeof event.data.decision === 'string' && (await decision(event.data.decision))),
  })
  const signed = signCallback({
    id,
    timestamp: Math.floor(clock.now() / 1000),
    body,
    secrets: receiver.secrets.length > 0 ? receiver.secrets : secrets(),
  })
  const all = { ...headers, ...receiver.headers, 'user-agent': 'postern', ...signed }
  return caller.call({ url: receiver.url, headers: all, body }, signal)
}

const found = async (
  store: Pick<DoorStore, 'findDelivery'>,
  id: string | number | undefined,
): Promise<Delivery | undefined> =>
  typeof id === 'string' ? store.findDelivery(id as DeliveryId) : undefined

function report(log: Log, { id, rule, event, failures }: Notice, end: NoticeEnd): void {
  const fields = { notice: id, rule, happening: event.name, session: event.session, failures }
  if (end.state === 'DELIVERED') log('info', 'notice.delivered', fields)
  else if (end.state === 'FAILED')
    log('warn', 'notice.failed', { ...fields, failures: end.failures, why: end.detail })
  else log('debug', 'notice.retried', { ...fields, failures: end.failures, why: end.detail })
}

/** Its receiver takes no other until this is on disk, or the server stops: then this one is sent again. */
async function store(deps: NotifierDeps, notice: Notice, end: NoticeEnd, signal: AbortSignal): Promise<void> {
  for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 5000)) {
    try {
      return await deps.store.settleNotice(notice.id, end, deps.steady())
    } catch (thrown) {
      deps.log('error', 'notice.settle_failed', { notice: notice.id, why: reasonOf(thrown) })
      if (signal.aborted) return
      await pause(pauseMs, signal)
    }
  }
}
