import type { HostName } from '../domain/host.ts'
import type { Relay, Relayed } from '../domain/relay.ts'
import type { Ability } from './ability.ts'
import { checkedAbilities, checkedPassed } from './checked.ts'
import { silent, stopRequest } from './open-requests.ts'
import { type HostAnswer, type HostRequest, type Passed, packed, unpacked } from './wire.ts'

// Where several doors share a store, a host is connected to one of them, and each door has agents of its own. What another door wants of
// these crosses by the store (`Relay`), and so do the answers, by the name of the door that a request's id begins with.

export interface RelayedRequests {
  /** The id of a request of this door. */
  newId(): string
  /** Asks by whichever door can. */
  send(host: HostName, request: HostRequest): void
  stop(host: HostName, id: string): void
  /** Gives an answer to the door that asked. False when nobody wants more of that. */
  answer(host: HostName, answer: HostAnswer): Promise<boolean>
  /** What was said of its openings, at whichever door; undefined where it is not there. */
  abilities(host: HostName): ReadonlyMap<string, Ability> | undefined
  /** What has been said of them here. */
  note(host: HostName, openings: readonly Ability[]): void
  /** Looks for what others have passed on, to that one or to anybody. */
  look(to?: HostName): Promise<void>
}

export interface RelayedDeps {
  readonly relay: Relay
  /** The name of this door. */
  readonly here: HostName
  /** The time of deliveries. */
  readonly now: () => number
  /** Hosts that have come to this door for what is wanted of them. */
  readonly claiming: () => readonly HostName[]
  readonly toHost: (host: HostName, request: HostRequest) => void
  /** About an agent of this door's own. */
  readonly serve: (request: HostRequest) => void
  /** As `OpenRequests.answer`. */
  readonly answered: (host: HostName, answer: HostAnswer) => boolean | undefined
}

interface Known {
  readonly text: string
  readonly openings: ReadonlyMap<string, Ability>
}

/** When what was passed on and not fetched counts as not answered. */
const lateMs = 5000
const refreshMs = 1000

export function createRelayed(deps: RelayedDeps): RelayedRequests {
  const { relay, here } = deps
  let known: ReadonlyMap<HostName, Known> = new Map()
  let refreshedAt = Number.NEGATIVE_INFINITY
  const pass = (to: HostName, passed: Passed, id?: string) => relay.pass(to, packed(passed), id)
  const send = (host: HostName, request: HostRequest) => {
    const refuse = () => void deps.answered(host, { id: request.id, refusal: silent(host).message })
    void pass(host, { request }, request.id).then((isPassed) => isPassed || refuse(), refuse)
    // Whoever looks at a screen has no deadline.
    if (request.ask === 'screen')
      setTimeout(
        () => void relay.takeBack(request.id).then((isBack) => isBack && refuse(), refuse),
        lateMs,
      ).unref()
  }
  const answer = async (host: HostName, answer: HostAnswer): Promise<boolean> => {
    const [to = ''] = answer.id.split('/')
    if (to === here || !known.has(to as HostName)) return false
    return pass(to as HostName, { host, answer })
  }
  const stop = (host: HostName, id: string) => {
    const request = stopRequest(id)
    void relay
      .takeBack(id)
      .then((isBack) => isBack || pass(host, { request }))
      .catch(() => {})
  }
  const take = ({ to, text, isLate }: Relayed) => {
    const passed = checkedPassed(unpacked(text))
    if ('answer' in passed) {
      const { host, answer } = passed
      if (!deps.answered(host, answer) && 'more' in answer && answer.more) stop(host, answer.id)
    } else if (isLate && passed.request.ask !== 'stop')
      void answer(to, { id: passed.request.id, refusal: silent(to).message }).catch(() => {})
    else if (to === here) deps.serve(passed.request)
    else deps.toHost(to, passed.request)
  }
  const refresh = async () => {
    const texts = await relay.abilities(deps.now())
    known = new Map([...texts].map(([host, text]) => [host, knownOf(text)]))
    refreshedAt = performance.now()
  }
  const names = () => [here, ...deps.claiming()]
  const once = oneAtATime(async () => {
    for (const each of await relay.fetch(names())) take(each)
  })
  return {
    newId: () => `${here}/${crypto.randomUUID()}`,
    ...{ send, stop, answer },
    abilities: (host) => known.get(host)?.openings,
    note(host, openings) {
      const text = packed({ able: openings })
      if (known.get(host)?.text !== text) void relay.noteAbilities(host, text).catch(() => {})
    },
    async look(to) {
      if (to === undefined || performance.now() - refreshedAt > refreshMs) await refresh()
      if (to === undefined || names().includes(to)) await once()
    },
  }
}

function knownOf(text: string): Known {
  const openings = checkedAbilities(unpacked(text))
  return { text, openings: new Map(openings.map((one) => [one.generation, one])) }
}

/** Who comes while it runs has it run once more: what is fetched is taken in its order. */
function oneAtATime(act: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let isWanted = false
  const run = async () => {
    try {
      do {
        isWanted = false
        await act()
      } while (isWanted)
    } finally {
      running = undefined
    }
  }
  return () => {
    isWanted = true
    running ??= run()
    return running
  }
}
