import { openLocalHome } from '../../src/app/local-home.ts'
import type { LocalHome } from '../../src/cli/context.ts'
import { parseSessionId, requireOpen } from '../../src/domain/session.ts'
import { mintOwn } from '../../src/manage/self.ts'
import { currentPlatform } from './platform.ts'

/** Opens a home as a command does, beside its server. */
export async function inHome<T>(home: string, act: (opened: LocalHome) => Promise<T>): Promise<T> {
  const clock = {
    now: Date.now,
    random: Math.random,
    bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
  }
  const platform = await currentPlatform()
  const storeThread = new URL('../fixtures/store-thread.ts', import.meta.url)
  const opened = await openLocalHome({ platform, env: {}, clock, storeThread }, home, () => {})
  try {
    return await act(opened)
  } finally {
    await opened.close()
  }
}

/** The token of the agent in that session, as its opening stands. */
export const ownCapability = (home: string, session: string): Promise<string> =>
  inHome(home, async (opened) => {
    const found = requireOpen(await opened.store.findSession(parseSessionId(session)), session)
    return (await mintOwn(opened, found)).token
  })
