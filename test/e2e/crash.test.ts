import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { describe, it } from 'node:test'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { asked, until } from '../support/hooks.ts'
import { rounds } from '../support/long.ts'

/** Fewer on Deno, which takes a second to start. */
const times = rounds(process.env.POSTERN_TEST_RUNTIME === 'deno' ? 8 : 20, 400)

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
    const states = await settledStates(home, server)
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
  const before = acknowledged.size
  let stop = false
  const line = async (worker: number) => {
    for (let i = 0; !stop; i++) {
      // One line in eight is the command's: it takes its messages one by one, long after the last knock.
      const target = new URL(urls[worker === 0 ? 1 : 0] ?? '')
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
  await until('the load has begun', () => acknowledged.size > before + 5 || undefined)
  await new Promise((resolve) => setTimeout(resolve, (round * 37) % 500))
  await server.kill9()
  stop = true
  await Promise.all(lines)
}

/** Every message there is, once nothing is under way to the command any more. */
async function settledStates(home: string, server: Served): Promise<ReadonlyMap<string, string>> {
  const isEmpty = async () =>
    (await asked<{ readonly queue: number }>(home, server, 'sessions/cmd')).queue === 0 || undefined
  await until('the command has got everything', isEmpty, 120_000)
  const { stdout } = await cli(['deliveries', 'ls', '--json', '--limit', '100000'], { home })
  const all = JSON.parse(stdout) as readonly { readonly message: string; readonly state: string }[]
  return new Map(all.map(({ message, state }) => [message, state]))
}
