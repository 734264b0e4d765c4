import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { atExit, cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { configure, hooks, post, seen, settled, until } from '../support/hooks.ts'
import { buildPreload, noPreload } from '../support/preload.ts'

const day = 86_400
const year = 365 * day

/** An agent that fails until it is mended, and then keeps what it gets. */
async function openEndpoint() {
  const got: string[] = []
  let works = false
  const server = createServer(async (request, response) => {
    const body = await text(request)
    if (works) got.push(body)
    response.writeHead(works ? 200 : 500).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atExit(() => server.close())
  server.unref()
  const mended = () => {
    works = true
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, mended, got }
}

describe('a clock that jumps', { skip: noPreload }, () => {
  const library = noPreload ? '' : buildPreload('clock')

  /** A home whose programs have a clock that `set` puts off by so many seconds. */
  async function world(config: Readonly<Record<string, unknown>> = {}) {
    const home = await scratchHome()
    const offset = join(dirname(home), 'offset')
    const env = { LD_PRELOAD: library, CLOCK_OFFSET: offset }
    const set = (seconds: number) => writeFileSync(offset, `${seconds}\n`)
    set(0)
    configure(home, { ...hooks(), sessions: { allow: ['*'] }, ...config })
    const endpoint = await openEndpoint()
    const added = ['session', 'add', 'flaky', '--driver', 'http', '--url', endpoint.url]
    const { code, stderr } = await cli(added, { home, env })
    assert.equal(code, 0, stderr)
    const agent = async ({ url }: Served, message: string) => {
      const { status, body } = await post(`${url}/api/hooks/agent`, { session: 'flaky', message })
      assert.equal(status, 202)
      return String(body.deliveryId)
    }
    const inState = (server: Served, id: string, state: string) =>
      until(`${id} is ${state}`, async () =>
        (await seen(home, server, id)).state === state ? true : undefined,
      )
    return { home, env, set, agent, inState, ...endpoint, start: () => serve(home, { env }) }
  }

  const headers = { prefer: 'wait=0', 'content-type': 'application/json' }
  const knockAt = ({ stdout }: { readonly stdout: string }) =>
    fetch(stdout.trim(), { method: 'POST', body: '{"message":"hi"}', headers })

  it('back by a day: what is in RETRY goes on by its backoff, in order, and ids sort', async () => {
    const { home, set, agent, inState, mended, start } = await world({ retry: { baseSeconds: 2 } })
    const server = await start()
    const first = await agent(server, 'first')
    await inState(server, first, 'RETRY')
    set(-day)
    const second = await agent(server, 'second')
    set(-2 * day)
    const third = await agent(server, 'third')
    mended()
    for (const id of [first, second, third])
      assert.equal((await settled(home, server, id)).state, 'DELIVERED')
    assert.deepEqual([first, second, third].toSorted(), [first, second, third])
    const { stdout } = await cli(['deliveries', 'ls', '--json'], { home })
    const listed = JSON.parse(stdout) as readonly { readonly id: string }[]
    assert.deepEqual(
      listed.map(({ id }) => id),
      [third, second, first],
    )
    assert.match(server.stderr(), /clock\.jumped/)
    await server.stop()
  })

  it('ahead by a year: nothing expires before it has waited that long, and then it does', async () => {
    const { home, set, agent, start } = await world({ retry: { maxHoldSeconds: 6, baseSeconds: 1 } })
    const server = await start()
    const begun = performance.now()
    const waiting = await post(`${server.url}/api/hooks/wake`, { message: 'nobody reads this' })
    const retried = await agent(server, 'never')
    set(year)
    const after = await post(`${server.url}/api/hooks/wake`, { message: 'nor this' })
    const ends = await Promise.all(
      [waiting.body.deliveryId, retried, after.body.deliveryId].map((id) => settled(home, server, id)),
    )
    for (const { state, failedStep } of ends) assert.deepEqual([state, failedStep], ['FAILED', 'expired'])
    // A retry that would come after the end of its hold ends it then.
    assert.ok(performance.now() - begun > 5000)
    await server.stop()
  })

  it('ahead by a year: what was settled, its key and a grace of keys are as old as before', async () => {
    const { home, env, set, start } = await world()
    const server = await start()
    const minted = await cli(['expose', '--session', 'default', '--quiet', '--ttl', 'never'], { home })
    assert.equal((await knockAt(minted)).status, 202)
    const rotated = await cli(['keys', 'rotate', '--grace', '1h'], { home, env })
    assert.equal(rotated.code, 0, rotated.stderr)
    assert.equal((await knockAt(minted)).status, 202)
    const knock = { message: 'once', idempotency_key: 'k1' }
    const first = await post(`${server.url}/api/hooks/wake`, knock)
    const acknowledged = await cli(['inbox', 'ack', String(first.body.deliveryId)], { home })
    assert.equal(acknowledged.code, 0, acknowledged.stderr)
    const rotatedAt = performance.now()
    await until('the server has seen that', () => (performance.now() > rotatedAt + 2500 ? true : undefined))
    set(year)
    await until('the jump is told', () => (/clock\.jumped/.test(server.stderr()) ? true : undefined))
    const later = await post(`${server.url}/api/hooks/wake`, { message: 'later' })
    const repeated = await post(`${server.url}/api/hooks/wake`, knock)
    assert.equal(repeated.headers.get('idempotency-replayed'), 'true')
    assert.equal(repeated.body.deliveryId, first.body.deliveryId)
    assert.equal((await knockAt(minted)).status, 202)
    const { settledAt, receivedAt } = JSON.parse(
      (await cli(['deliveries', 'show', String(first.body.deliveryId), '--json'], { home, env })).stdout,
    ) as { readonly settledAt: string; readonly receivedAt: string }
    // As the clock showed them then.
    for (const at of [receivedAt, settledAt]) assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000, at)
    const { storedAt, dueAt } = JSON.parse(
      (await cli(['deliveries', 'show', String(later.body.deliveryId), '--json'], { home, env })).stdout,
    ) as { readonly storedAt: string; readonly dueAt: string }
    for (const at of [storedAt, dueAt])
      assert.ok(Math.abs(Date.parse(at) - Date.now() - year * 1000) < 60_000, at)
    await server.stop()
  })

  for (const [how, end] of [
    ['stopped', (server: Served) => server.stop()],
    ['killed', (server: Served) => server.kill9()],
  ] as const)
    it(`back by a day while the server is ${how}: what waits for its time goes on at once`, async () => {
      const { home, set, agent, inState, mended, start } = await world({
        retry: { baseSeconds: 200, capSeconds: 300 },
      })
      const before = await start()
      const first = await agent(before, 'first')
      await inState(before, first, 'RETRY')
      await end(before)
      set(-day)
      mended()
      const server = await start()
      const second = await agent(server, 'second')
      for (const id of [first, second]) assert.equal((await settled(home, server, id)).state, 'DELIVERED')
      assert.ok(first < second)
      await server.stop()
    })
})
