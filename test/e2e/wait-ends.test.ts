import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it, test } from 'node:test'
import { cli, scratchHome, serve } from '../support/binary.ts'
import { configure, until } from '../support/hooks.ts'
import { rounds } from '../support/long.ts'
import { buildPreload, noPreload } from '../support/preload.ts'
import { postAtOnce } from '../support/raw-http.ts'
import { messagesTo, type ShortWait, shortWaits, statesOfWaits, untilClosed } from '../support/short-waits.ts'

/** Also for many rounds, and a busy machine. */
const timeout = 1_200_000

const limits = { knocksPerMinute: 0, queuePerSession: 0 }
const day = 86_400
const year = 365 * day

/** That each was told of exactly once, as its state is: answered where a knock was taken, else expired. */
async function assertToldOnce(home: string, waits: readonly ShortWait[], taken: ReadonlySet<string>) {
  const states = await statesOfWaits(home)
  const told = await messagesTo(home, 'build')
  for (const { id } of waits) {
    const about = told.filter((message) => message.startsWith(`[postern] wait ${id} `))
    assert.equal(about.length, 1, `${id}: ${about.length}`)
    assert.equal(/ answered after /.test(about[0] ?? '') ? 'answered' : 'expired', states.get(id))
    assert.equal(states.get(id) === 'answered', taken.has(id), id)
  }
}

test('a knock and the end of its wait in the same millisecond: exactly one of answered and expired', {
  timeout,
}, async () => {
  const home = await scratchHome()
  configure(home, { limits })
  await cli(['session', 'add', 'build', '--driver', 'inbox'], { home })
  const server = await serve(home)
  for (let round = 0; round < rounds(2, 40); round++) {
    const count = 64
    const taken = new Set<string>()
    const begun = Date.now()
    // The end of each is 8 ms after that of the one before, and so is its knock: up to 12 ms early or late.
    const endOf = (n: number) => begun + 2000 + n * 8
    const waits = await shortWaits(home, count, (n) => Math.max(1, endOf(n) - Date.now()))
    await Promise.all(
      waits.map(async ({ id, token }, n) => {
        const at = endOf(n) + ((n * 7) % 25) - 12
        await new Promise((resolve) => setTimeout(resolve, at - Date.now()))
        const url = `${server.url}/hook/${token}`
        const two = await postAtOnce([1, 2].map((body) => ({ url, body: `"no. ${body}"` })))
        const statuses = two.map(({ status }) => status).toSorted()
        assert.ok(['202,403', '403,403'].includes(String(statuses)), String(statuses))
        if (statuses[0] === 202) taken.add(id)
      }),
    )
    await untilClosed(home)
    await assertToldOnce(home, waits, taken)
  }
  await server.stop()
})

describe('the end of a wait and a clock that jumps', { skip: noPreload }, () => {
  const library = noPreload ? '' : buildPreload('clock')

  for (const [how, seconds] of [
    ['back by a day', -day],
    ['ahead by a year', year],
  ] as const)
    it(`${how}: it comes when its time has passed, once, and the URL is dead by then`, {
      timeout,
    }, async () => {
      const home = await scratchHome()
      const offset = join(dirname(home), 'offset')
      const set = (to: number) => writeFileSync(offset, `${to}\n`)
      set(0)
      configure(home, { limits })
      await cli(['session', 'add', 'build', '--driver', 'inbox'], { home })
      const server = await serve(home, { env: { LD_PRELOAD: library, CLOCK_OFFSET: offset } })
      const begun = performance.now()
      const [answered, expired] = await shortWaits(home, 2, 4000)
      assert.ok(answered && expired)
      set(seconds)
      await until('the jump is told', () => (/clock\.jumped/.test(server.stderr()) ? true : undefined))
      assert.deepEqual(new Set((await statesOfWaits(home)).values()), new Set(['armed']))
      const knockAt = async ({ token }: ShortWait) =>
        (
          await fetch(`${server.url}/hook/${token}`, {
            method: 'POST',
            body: 'here',
            headers: { prefer: 'wait=0', 'content-type': 'text/plain' },
          })
        ).status
      assert.equal(await knockAt(answered), 202)
      await untilClosed(home)
      assert.ok(performance.now() - begun >= 4000, 'it came before its time')
      assert.equal(await knockAt(expired), 403)
      await assertToldOnce(home, [answered, expired], new Set([answered.id]))
      await server.kill9()
      set(2 * seconds)
      const again = await serve(home, { env: { LD_PRELOAD: library, CLOCK_OFFSET: offset } })
      await assertToldOnce(home, [answered, expired], new Set([answered.id]))
      await again.stop()
    })
})
