import { type Delivery, isTerminal } from '../../domain/delivery.ts'
import { withoutFence } from '../../domain/fence.ts'
import { type Grant, grantState, isOver, mintableVerbs } from '../../domain/grant.ts'
import { sessionOfHook } from '../../domain/hook.ts'
import { type ScreenSnapshot, textOfScreen } from '../../domain/screen-snapshot.ts'
import { type Session, sessionIn } from '../../domain/session.ts'
import { lastEvidence } from '../../manage/last-evidence.ts'
import type { Screens } from '../../manage/screens.ts'
import { sessionSentence } from '../../manage/session-sentence.ts'
import { createSessionViewer } from '../../manage/session-views.ts'
import { iso, type SessionView } from '../../manage/views.ts'
import { type Labels, labelsOf, noteOf, sourceOf, stateWords } from './delivery-rows.ts'
import { hrefOfHook } from './hooks.ts'
import {
  type Page,
  type PageDeps,
  shortened,
  shortTime,
  shortTimeOrNull,
  shownGrantState,
  timeView,
  toneOf,
} from './page.ts'
import { lineHtml } from './screen-html.ts'
import { stateOf } from './session-state.ts'

export interface SessionPageDeps extends PageDeps {
  readonly screens: Pick<Screens, 'has' | 'look' | 'follow'>
  /** What its agent can activate, as far as it says so. */
  readonly skills: (session: Session) => Promise<readonly string[]>
  /** What that kind of session is, in a line. */
  readonly kind: (driver: string) => string
  /** Whether the turn that runs can be cancelled from here. */
  readonly cancels: (session: Session) => boolean
}

const [mostQueued, mostTurns, mostLooked, mostGrants] = [20, 6, 50, 12]

/** One session: its screen, what it does, what waits for it and what came of it. Throws `session_missing`. */
export async function sessionPage(deps: SessionPageDeps, id: string): Promise<Page> {
  const { store } = deps
  const session = sessionIn(await store.listSessions(), id)
  const [viewOf, queue, latest, grants, skills] = await Promise.all([
    createSessionViewer(deps),
    store.listDeliveries({ session: session.id, unfinished: true, oldestFirst: true, limit: mostQueued }),
    store.listDeliveries({ session: session.id, limit: mostLooked }),
    store.listGrants({ session: session.id }),
    deps.skills(session),
  ])
  const [view, evidence] = [viewOf(session), lastEvidence(latest)]
  const turns = latest.filter(({ state }) => isTerminal(state)).slice(0, mostTurns)
  const labels = await labelsOf(store, [...queue, ...turns])
  const self = addressOf(session.id)
  const open = session.state !== 'ended'
  const hasScreen = deps.screens.has(session)
  return {
    template: 'session',
    title: `Session ${session.id}`,
    section: 'sessions',
    live: self,
    view: {
      ...{ id: session.id, self, open, driver: session.driver, kind: deps.kind(session.driver) },
      host: view.host,
      script: hasScreen ? '/dashboard/assets/screen.js' : null,
      ...headOf(deps, session, view),
      screen: hasScreen ? { stream: `${self}/screen` } : null,
      lines: null,
      queue: view.queue,
      queued: queue.map((delivery) => queuedOf(delivery, self, labels)),
      moreQueued: view.queue > queue.length ? view.queue - queue.length : null,
      deliveries: `/dashboard?${new URLSearchParams({ session: session.id })}`,
      turns: turns.map((delivery) => turnOf(delivery, labels)),
      anyTurns: turns.length > 0,
      ...doorsOf(deps, session, grants),
      opened: { at: view.openedAt, shown: shortTime(view.openedAt) },
      ended: view.endedAt === null ? null : { at: view.endedAt, shown: shortTime(view.endedAt) },
      evidence: evidence ? { kind: evidence.kind, ...timeView(evidence.at) } : null,
      skills: skills.length > 0 ? skills.slice(0, 60).join(', ') : null,
    },
    ...(hasScreen && { atOnce: () => drawnNow(deps, session) }),
  }
}

export const addressOf = (id: string): string => `/dashboard/sessions/${encodeURIComponent(id)}`

function headOf(deps: SessionPageDeps, session: Session, view: SessionView) {
  const held = view.queue === 1 ? '1 message waits' : `${view.queue} messages wait`
  return {
    ...stateOf(view),
    sentence: sessionSentence(view),
    // Of what its agent does: a pause has a time of its own.
    since: view.pausedAt === null ? view.since : null,
    sinceShown: shortTimeOrNull(view.since),
    blocked:
      view.activity === 'blocked'
        ? {
            asks: view.asks ?? view.why ?? 'its screen tells for what',
            held: view.queue > 0 ? held : null,
            attach: session.driver === 'pty' ? `postern attach ${session.id}` : null,
          }
        : null,
    paused: view.pausedAt === null ? null : { since: view.pausedAt, shown: shortTime(view.pausedAt), held },
    cancels: view.activity === 'busy' && deps.cancels(session),
    mint: `/dashboard/channels?${new URLSearchParams({ session: session.id })}`,
    lost: view.queue > 0 ? held : null,
  }
}

const partsOf = (delivery: Delivery, labels: Labels) => ({
  id: delivery.id,
  href: `/dashboard/deliveries/${delivery.id}`,
  message: shortened(withoutFence(delivery.message), 240),
  source: sourceOf(delivery, labels),
  ...timeView(delivery.receivedAt),
  state: stateWords[delivery.state],
  tone: toneOf(delivery.state),
  note: noteOf(delivery),
})

const queuedOf = (delivery: Delivery, self: string, labels: Labels) => ({
  ...partsOf(delivery, labels),
  cancel: delivery.leasedUntil === undefined ? `${self}/queue/${delivery.id}/cancel` : null,
})

const longestAnswer = 700

const turnOf = (delivery: Delivery, labels: Labels) => ({
  ...partsOf(delivery, labels),
  answer: delivery.answer ? shortened(delivery.answer, longestAnswer) : null,
})

/** What points at the session: grants that are not over, and hooks. */
function doorsOf(deps: SessionPageDeps, { id }: Session, grants: readonly Grant[]) {
  // What nobody minted is the agent's own.
  const open = grants.filter(
    (grant) => mintableVerbs.includes(grant.verb) && !isOver(grantState(grant, deps.now())),
  )
  const { hooks, sessions } = deps.hooks()
  const named = [
    ...(['wake', 'agent'] as const).filter((name) => sessions[name] === id),
    ...hooks.filter((hook) => sessionOfHook(hook, sessions) === id).map(({ name }) => name),
  ]
  return {
    anyDoors: open.length + named.length > 0,
    grants: open.slice(0, mostGrants).map((grant) => grantOf(grant, deps.now())),
    moreGrants: open.length > mostGrants ? open.length - mostGrants : null,
    hooks: [...new Set(named)].map((name) => ({
      name,
      href: hrefOfHook(name),
    })),
  }
}

function grantOf(grant: Grant, now: number) {
  const state = grantState(grant, now)
  return {
    label: grant.label ?? grant.id,
    verb: grant.verb,
    tone: state === 'live' ? 'taken' : 'waiting',
    state: shownGrantState(state),
    used: grant.lastUsedAt === undefined ? null : iso(grant.lastUsedAt),
    usedShown: grant.lastUsedAt === undefined ? null : shortTime(iso(grant.lastUsedAt)),
  }
}

/** The screen as it is when the page is opened: all of it that there is without a script. */
async function drawnNow({ screens }: SessionPageDeps, session: Session) {
  const screen = await screens.look(session).catch(() => undefined)
  return { lines: screen ? screenHtml(screen) : null }
}

/** Empty lines hold their place. */
const screenHtml = (screen: ScreenSnapshot): string =>
  textOfScreen(screen) === ''
    ? ''
    : screen.lines.map((line) => `<span class="line">${lineHtml(line)}</span>`).join('')
