import type { MayCall } from '../auth/addresses.ts'
import { type Config, outgoingSecrets } from '../config/load.ts'
import { createCaller } from '../delivery/callback-client.ts'
import { createNotifier, type NoticeTotals, type Notifier } from '../delivery/notify.ts'
import { type DecisionId, isOpen } from '../domain/decision.ts'
import type { Readiness } from '../domain/driver.ts'
import { reasonOf } from '../domain/error.ts'
import type { Asked, HappeningName } from '../domain/notice.ts'
import type { Clock, Log, Store, Tokens } from '../domain/ports.ts'
import type { RetryPolicy } from '../domain/retry-policy.ts'
import type { Session, SessionId } from '../domain/session.ts'
import type { Guessing } from '../inbound/guess-alarm.ts'
import { decideUrl } from '../manage/decide-link.ts'

interface NoticeDeps {
  readonly store: Store
  readonly config: () => Config
  readonly tokens: Pick<Tokens, 'mint'>
  readonly clock: Clock
  /** The time of deliveries. */
  readonly steady: { readonly now: () => number }
  readonly log: Log
  /** Where the world reaches this server; undefined until it listens: nobody is told anything before. */
  readonly base: () => string | undefined
  /** Whether it is this door that tells; of several that share a store one does. */
  readonly leads: () => boolean
  readonly mayCall: MayCall
  readonly policy: () => RetryPolicy
  readonly timeoutMs: number
}

/** Who is told what happens, as the configuration says. */
export interface Notices extends Pick<Notifier, 'close'> {
  /** Brings the rules of the configuration to the store, where they have changed. */
  follow(): Promise<void>
  wants(name: HappeningName): boolean
  /** An agent said how it is. */
  heard(session: Session, readiness: Readiness): void
  guessing(guessing: Guessing): void
  /** Attempts since the start, by how they ended, and how many notices wait. */
  numbers(): Promise<{ readonly attempts: NoticeTotals; readonly waiting: number }>
  /** Notes what has waited too long. */
  lookAtWaiting(): Promise<void>
}

export function createNotices(deps: NoticeDeps): Notices {
  const { store, config, clock, steady, log, base, leads, mayCall, policy, timeoutMs } = deps
  const questions = createQuestions(deps)
  let followed: Config['notify'] = []
  const wants = (name: HappeningName) => config().notify.some(({ on }) => on.includes(name))
  const notifier = createNotifier({
    ...{ store, clock, policy, log },
    receivers: () => (base() === undefined || !leads() ? [] : followed),
    caller: createCaller({ allowed: mayCall, timeoutMs, whom: 'receiver' }),
    secrets: () => outgoingSecrets(config()),
    steady: steady.now,
    decision: (id) => subjectOf(deps, id as DecisionId),
  })
  return {
    close: notifier.close,
    wants,
    async follow() {
      // Whoever tells later brings the rules anew.
      if (!leads()) followed = []
      const rules = config().notify
      if (rules === followed || !leads()) return
      await store.setNoticeRules(rules.map(({ name, on, session }) => ({ name, on, session })))
      followed = rules
      questions.forget()
    },
    heard: (session, readiness) => {
      if (wants('needs_input')) questions.heard(session, readiness)
    },
    guessing: ({ count, withinMinutes, peers, door }) =>
      void store
        .noteHappening({ name: 'guess_alarm', data: { count, withinMinutes, peers, door } })
        .catch((thrown: unknown) =>
          log('error', 'notice.lost', { happening: 'guess_alarm', why: reasonOf(thrown) }),
        ),
    async numbers() {
      if (followed.length === 0) return { attempts: notifier.totals(), waiting: 0 }
      const healths = await store.noticeHealth(Number.MAX_SAFE_INTEGER)
      return { attempts: notifier.totals(), waiting: healths.reduce((sum, { waiting }) => sum + waiting, 0) }
    },
    async lookAtWaiting() {
      if (wants('delivery_waiting'))
        await store.noteWaiting(steady.now() - config().retry.waitingSeconds * 1000)
    },
  }
}

/** Whoever is told what an agent wants to do gets the address that decides it, as long as it is open. */
async function subjectOf({ store, tokens, clock, base }: NoticeDeps, id: DecisionId) {
  const [decision, here] = [await store.findDecision(id), base()]
  if (!decision) return undefined
  const request = decision.request.detail
  return here !== undefined && isOpen(decision) && clock.now() < decision.expiresAt
    ? { request, decideUrl: await decideUrl(tokens, here, decision) }
    : { request }
}

/** What agents ask, written down where that has changed: an agent is looked at again and again. */
function createQuestions({ store, clock, log }: Pick<NoticeDeps, 'store' | 'clock' | 'log'>) {
  let noted = new Map<SessionId, string>()
  return {
    forget: () => {
      noted = new Map()
    },
    heard: ({ id, generation }: Session, readiness: Readiness) => {
      // Who is out of reach, or over, has answered nothing.
      if (readiness.kind !== 'blocked' && readiness.kind !== 'idle' && readiness.kind !== 'busy') return
      const asked = askedBy(readiness, clock.now())
      const key = JSON.stringify([generation, asked?.asks, asked?.toldSince && asked.since])
      if (noted.get(id) === key) return
      noted.set(id, key)
      store.noteInput(id, generation, asked).catch((thrown: unknown) => {
        noted.delete(id)
        log('error', 'notice.lost', { happening: 'needs_input', session: id, why: reasonOf(thrown) })
      })
    },
  }
}

/** A line that somebody has begun to type blocks an agent, too, and asks nothing. */
function askedBy(readiness: Readiness, now: number): Asked | undefined {
  if (readiness.kind !== 'blocked' || readiness.asks === undefined) return undefined
  const { asks, since } = readiness
  return { asks, since: since ?? now, toldSince: since !== undefined }
}
