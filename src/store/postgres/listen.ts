import { randomUUID } from 'node:crypto'
import { Failure, reasonOf } from '../../domain/error.ts'
import type { HostName } from '../../domain/host.ts'
import type { Log } from '../../domain/ports.ts'
import { pause, whenAborted, within } from '../../wait.ts'
import { connect } from './client-thread.ts'
import { channel, heardIn } from './notify.ts'

/** By which a server hears at once what other processes write to its store. */
export interface Listener {
  /** False while nothing would be heard: then the store is to be looked at more often. */
  isListening(): boolean
  /** How many changes of anybody, this process included, have been heard of. */
  heard(): number
  /** What `Reads.edits` was when it heard last; undefined where that may be more than a second old. */
  edits(): number | undefined
  /** What is done when somebody else has written, and when something may have been missed. */
  whenHeard(act: () => void): void
  /** The same of what doors pass on to each other (`relay.ts`): for whom that is, undefined where it may be for anybody. */
  whenRelayed(act: (to?: HostName) => void): void
  close(): void
}

interface ListenDeps {
  readonly url: string
  /** What this process sends is no news here. */
  readonly sender?: string
  readonly log: Log
  /** How often it sends something to itself, and how long that may take to come back. Milliseconds. */
  readonly beatMs?: number
}

const againMs = 1000

/** What comes after it may have been lost on its way. Milliseconds. */
const believedMs = 1000

/**
 * Listens on a connection of its own, for ever: a pooler may let everything through but what comes unasked, so only what comes back
 * shows that anything would be heard.
 */
export function listenTo(deps: ListenDeps): Listener {
  const over = new AbortController()
  let act = () => {}
  let relayed: (to?: HostName) => void = () => {}
  let isListening: boolean | undefined
  let count = 0
  let [edits, editsAt] = [0, Number.NEGATIVE_INFINITY]
  const became = (now: boolean, why?: string) => {
    if (over.signal.aborted || now === isListening) return
    if (!now) deps.log('warn', 'store.deaf', { why })
    else if (isListening === false) deps.log('info', 'store.listening')
    isListening = now
    editsAt = Number.NEGATIVE_INFINITY
    if (!now) return
    count += 1
    act()
    relayed()
  }
  const change = (isOwn: boolean, changes: number) => {
    count += 1
    ;[edits, editsAt] = [changes, performance.now()]
    if (!isOwn) act()
  }
  const heard: Heard = { change, relayed: (to) => relayed(to), itself: () => became(true) }
  const run = async () => {
    while (!over.signal.aborted) {
      became(false, await listenOnce(deps, heard, over.signal).catch(reasonOf))
      await pause(againMs, over.signal)
    }
  }
  void run()
  return {
    isListening: () => isListening === true,
    heard: () => count,
    edits: () => (performance.now() - editsAt < believedMs ? edits : undefined),
    whenHeard: (then) => {
      act = then
    },
    whenRelayed: (then) => {
      relayed = then
    },
    close: () => over.abort(),
  }
}

interface Heard {
  readonly change: (isOwn: boolean, changes: number) => void
  readonly relayed: (to?: HostName) => void
  /** What it has sent itself came back. */
  readonly itself: () => void
}

const closedText = 'the connection was closed'

/** Why nothing is heard any more, also when it rejects. */
async function listenOnce(
  { url, sender = '', beatMs = 5000 }: ListenDeps,
  heard: Heard,
  ending: AbortSignal,
): Promise<string> {
  const beat = `beat ${randomUUID()}`
  const closed = new AbortController()
  const stop = AbortSignal.any([ending, closed.signal])
  let back = () => {}
  const sql = connect(url, {
    onclose: () => closed.abort(),
    onnotify: (_, payload) => {
      if (payload === beat) back()
      else if (payload === 'relay') heard.relayed()
      else if (payload.startsWith('relay ')) heard.relayed(payload.slice('relay '.length) as HostName)
      else if (!payload.startsWith('beat ')) {
        const change = heardIn(payload)
        heard.change(change.sender === sender, change.changes)
      }
    },
  })
  /** Throws `refusal` for what is not done in time. */
  const done = async <T>(work: Promise<T>, refusal: string): Promise<T> => {
    const stopped = whenAborted(stop)
    // Whoever was waited for too long is waited for no more.
    work.catch(() => {})
    try {
      const isDone = await Promise.race([within(work, beatMs), stopped.promise])
      if (isDone !== true) throw new Failure('unreachable', isDone === false ? refusal : closedText)
      return await work
    } finally {
      stopped.disarm()
    }
  }
  const ask = (statement: string) => done(sql.unsafe(statement), 'the database does not answer')
  const itself = async () => {
    const returned = new Promise<void>((resolve) => {
      back = resolve
    })
    await ask(`SELECT pg_notify(${channel}, '${beat}')`)
    await done(returned, 'what the database tells unasked does not arrive: is there a pooler?')
    heard.itself()
  }
  try {
    const [row] = await ask(`SELECT ${channel} AS channel`)
    await ask(`LISTEN "${row?.channel}"`)
    while (!stop.aborted) {
      await itself()
      await pause(beatMs, stop)
    }
    return closedText
  } finally {
    sql.end({ timeout: 0 }).catch(() => {})
  }
}
