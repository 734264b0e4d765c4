import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { type Served, scratchHome, serve } from '../support/binary.ts'
import { addCommand, configure, hooks, post, settled } from '../support/hooks.ts'

const sessions = Array.from({ length: 12 }, (_, i) => `agent-${i}`)

describe('a restart with waiting messages starts no crowd', () => {
  /** Each agent writes down when it begins and ends, and says nothing in between. */
  const script = 'echo begin >> "$HOME/log"; sleep 0.3; echo end >> "$HOME/log"; cat'

  async function world(limits: Readonly<Record<string, number>> = {}) {
    const home = await scratchHome()
    configure(home, { ...hooks(), sessions: { allow: ['*'] }, limits })
    for (const session of sessions) await addCommand(home, session, script)
    const knock = async ({ url }: Served, session: string) =>
      (await post(`${url}/api/hooks/agent`, { session, message: session })).body.deliveryId
    const most = async () => {
      const lines = (await readFile(join(dirname(home), 'log'), 'utf8')).trim().split('\n')
      let [running, peak] = [0, 0]
      for (const line of lines) {
        running += line === 'begin' ? 1 : -1
        peak = Math.max(peak, running)
      }
      return peak
    }
    return { home, knock, most }
  }

  it('four at a time, after a stop in the middle', async () => {
    const { home, knock, most } = await world()
    const before = await serve(home)
    const ids = await Promise.all(sessions.map((session) => knock(before, session)))
    await before.stop()
    const server = await serve(home)
    for (const id of ids) assert.equal((await settled(home, server, id)).state, 'DELIVERED')
    assert.ok((await most()) <= 4)
    await server.stop()
  })

  it('limits.turnsAtOnce caps the turns that run', async () => {
    const { home, knock, most } = await world({ turnsAtOnce: 2 })
    const server = await serve(home)
    const ids = await Promise.all(sessions.map((session) => knock(server, session)))
    for (const id of ids) assert.equal((await settled(home, server, id)).state, 'DELIVERED')
    assert.ok((await most()) <= 2)
    await server.stop()
  })
})
