import { randomUUID } from 'node:crypto'
import { Failure, mayPass } from '../domain/error.ts'
import type { CachedTokens, Store } from '../domain/ports.ts'
import { pause } from '../wait.ts'
import type { DoorClient } from './client.ts'
import { type HostStore, hostMethods } from './host-store.ts'

interface LinkDeps {
  readonly client: Pick<DoorClient, 'post'>
  /** Of the process that serves for this host; commands have none. */
  readonly epoch?: number
  /**
   * What must reach the door is tried again until it does, or this aborts: how an attempt went, that its message was taken. Without it
   * everything is tried once.
   */
  readonly persist?: AbortSignal
}

/** The door's store as a host sees it: its own sessions, and what belongs to them. */
export type LinkStore = HostStore &
  Pick<Store, 'changedElsewhere' | 'claimDue' | 'close' | 'keepTime' | 'nextDue' | 'probe'>

/** What a host says again until the door has heard it. */
export const lastingCalls: readonly string[] = [
  'acceptDelivery',
  'settleDelivery',
  'appendEvents',
  'endSession',
  'updateSettings',
  'closeDecision',
]

export function linkStore(deps: LinkDeps): LinkStore {
  const call = (method: string, args: readonly unknown[]) => send(deps, method, args)
  const methods = Object.fromEntries(
    [...hostMethods, 'mintToken', 'readToken'].map((method) => [
      method,
      (...args: unknown[]) => call(method, args),
    ]),
  )
  return {
    ...(methods as unknown as HostStore),
    changedElsewhere: async () => true,
    keepTime: async () => {},
    probe: async () => void (await deps.client.post('hello', {})),
    // A claim waits at the door (`requests.ts`).
    claimDue: async () => [],
    nextDue: async () => undefined,
    close: async () => {},
  }
}

/** A whole `Store`; what a host may not do is refused. */
export const asStore = (link: LinkStore, refusal: () => Failure): Store & LinkStore =>
  new Proxy(link as Store & LinkStore, {
    // What can be waited for has `then`: a store cannot.
    get: (known, name: (keyof Store & keyof LinkStore) | 'then') =>
      name === 'then' ? undefined : (known[name] ?? (() => Promise.reject(refusal()))),
  })

export const linkTokens = ({
  mintToken,
  readToken,
}: Pick<LinkStore, 'mintToken' | 'readToken'>): CachedTokens => ({
  mint: mintToken,
  read: readToken,
  readCached: () => undefined,
})

const firstPauseMs = 100
const longestPauseMs = 1000

/** Repeated under the same id, so that nothing is done twice when only the answer was lost. */
async function send(
  { client, epoch, persist }: LinkDeps,
  method: string,
  args: readonly unknown[],
): Promise<unknown> {
  const call = { id: randomUUID(), epoch, method, args }
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return await client.post('call', call)
    } catch (thrown) {
      if (!persist) throw thrown
      if (persist.aborted || !lastingCalls.includes(method) || !isWorthwhile(thrown))
        throw storeFailure(thrown)
    }
    await pause(pauseMs, persist)
  }
}

/** An error of the door's own, too, may be gone the next time. */
const isWorthwhile = (thrown: unknown): boolean =>
  mayPass(thrown) || (thrown instanceof Failure && thrown.code === 'internal')

/** As a store says it: nothing is kept of what was asked, or nobody knows. */
const storeFailure = (thrown: unknown): unknown =>
  thrown instanceof Failure && thrown.code === 'unreachable'
    ? new Failure('store_unavailable', thrown.message, { cause: thrown })
    : thrown
