import type { SessionId } from '../../src/domain/session.ts'
import { waitIdBytes, waitIdOf } from '../../src/domain/wait.ts'
import { newGrantId } from '../../src/manage/grants.ts'
import { until } from './hooks.ts'
import { inHome } from './own-capability.ts'

export interface ShortWait {
  readonly id: string
  readonly token: string
}

/** Opens waits of that session in the store beside the server, for less time than an agent may; `ttlMs` of the first, second … */
export const shortWaits = (
  home: string,
  count: number,
  ttlMs: number | ((n: number) => number),
  session = 'build',
): Promise<readonly ShortWait[]> =>
  inHome(home, async ({ store, tokens, clock }) => {
    const id = session as SessionId
    const found = await store.findSession(id)
    const opened: ShortWait[] = []
    for (let n = 0; n < count; n++) {
      const grant = {
        ...{ id: newGrantId(clock), session: id, generation: found?.generation ?? '' },
        ...{ verb: 'send_input' as const, createdAt: clock.now(), uses: 0, maxUses: 1 },
      }
      const wait = waitIdOf(clock.bytes(waitIdBytes))
      const ms = typeof ttlMs === 'number' ? ttlMs : ttlMs(n)
      const terms = { what: 'soon', orElse: 'look', accept: 'any' as const }
      await store.openWait({ id: wait, grant, terms, ttlMs: ms }, 0)
      const claims = { session: grant.session, grant: grant.id, verb: grant.verb }
      opened.push({ id: wait, token: await tokens.mint(claims) })
    }
    return opened
  })

/** The state of each wait of a home, by its id. */
export const statesOfWaits = (home: string): Promise<ReadonlyMap<string, string>> =>
  inHome(home, async ({ store }) => {
    const waits = await store.listWaits({ limit: 1000 })
    return new Map(waits.map(({ id, state }) => [id, state]))
  })

/** Resolves once no wait of a home is open. The home is opened once, whatever the number of looks. */
export const untilClosed = (home: string): Promise<true> =>
  inHome(home, ({ store }) =>
    until('all are closed', async () => {
      const open = await store.listWaits({ open: true, limit: 1 })
      return open.length === 0 || undefined
    }),
  )

/** Every message to that session, oldest first. */
export const messagesTo = (home: string, session: string): Promise<readonly string[]> =>
  inHome(home, async ({ store }) => {
    const filter = { session: session as SessionId, limit: 10_000, oldestFirst: true }
    return (await store.listDeliveries(filter)).map(({ message }) => message)
  })
