import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { cli, scratchHome, serve } from '../support/binary.ts'
import { rounds } from '../support/long.ts'

const times = rounds(20, 400)

describe('kill -9 under load', () => {
  it('loses no message that was answered 2xx', { timeout: 1_200_000 }, async () => {
    const home = await scratchHome()
    const got = join(home, 'got')
    await cli(['session', 'add', 'box', '--driver', 'inbox'], { home })
    await cli(
      ['session', 'add', 'cmd', '--driver', 'command', '--', 'sh', '-c', `cat >> ${got}; echo >> ${got}`],
      { home },
    )
    const urls = await Promise.all(
      ['box', 'cmd'].map(async (session) =>
        (await cli(['expose', '--session', session, '--quiet'], { home })).stdout.trim(),
      ),
    )
    const acknowledged = new Set<string>()
    for (let round = 0; round < times; round++) await killedWhileKnocking(home, urls, round, acknowledged)
    const server = await serve(home)
    const states = await settledStates(home)
    await server.stop()
    const missing = [...acknowledged].filter((message) => !states.has(message))
    assert.deepEqual(missing, [])
    assert.ok(acknowledged.size > times * 5, `only ${acknowledged.size} were acknowledged: no load at all`)
    const lines = (await readFile(got, 'utf8')).split('\n').filter((line) => line !== '')
    const repeated = lines.length - new Set(lines).size
    assert.ok(repeated <= times, `${repeated} messages reached the command twice in ${times} rounds`)
  })
})

async function killedWhileKnocking(
  home: string,
  urls: readonly string[],
  round: number,
  acknowledged: Set<string>,
): Promise<void> {
  const server = await serve(home)
  let stop = false
  const line = async (worker: number) => {
    for (let i = 0; !stop; i++) {
      const target = new URL(urls[i % urls.length] ?? '')
      const message = `round ${round} line ${worker} knock ${i}`
      try {
        const response = await fetch(`${server.url}${target.pathname}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', prefer: 'wait=0', 'idempotency-key': message },
          body: JSON.stringify({ message }),
        })
        if (response.status === 200 || response.status === 202) acknowledged.add(message)
      } catch {
        return
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const lines = Array.from({ length: 8 }, (_, worker) => line(worker))
  await new Promise((resolve) => setTimeout(resolve, 150 + ((round * 37) % 500)))
  await server.kill9()
  stop = true
  await Promise.all(lines)
}

/** Every message there is, once nothing is under way to the command any more. */
async function settledStates(home: string): Promise<ReadonlyMap<string, string>> {
  const end = Date.now() + 120_000
  for (;;) {
    const { stdout } = await cli(['deliveries', 'ls', '--json', '--limit', '100000'], { home })
    const all = JSON.parse(stdout) as { message: string; state: string; session: string }[]
    const open = all.filter(
      ({ session, state }) => session === 'cmd' && (state === 'PENDING' || state === 'RETRY'),
    )
    if (open.length === 0 || Date.now() > end) {
      assert.equal(open.length, 0, 'the command did not get everything in time')
      return new Map(all.map(({ message, state }) => [message, state]))
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
