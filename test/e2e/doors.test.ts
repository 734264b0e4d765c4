import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type AdminProgram, adminOf } from '../support/admin-api.ts'
import { startBalancer } from '../support/balancer.ts'
import { type Door, knock, openDoor } from '../support/fleet.ts'
import { hooks, post, until } from '../support/hooks.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'
import { openReceiver, type Receiver } from '../support/receiver.ts'

// Three servers that share a store in PostgreSQL, each with a home of its own.

const skip = withoutPostgres()
const times = 200

describe('three doors of one store', { timeout: 200_000 }, () => {
  let database: TestPostgres
  let receiver: Receiver
  let doors: readonly [Door, Door, Door]
  let admin: AdminProgram

  before(async () => {
    if (skip) return
    database = await startPostgres()
    receiver = await openReceiver()
    const config = {
      ...hooks(),
      limits: { knocksPerMinute: 0, authFailuresPerMinute: 0 },
      retry: { baseSeconds: 0.2, capSeconds: 0.5 },
      server: { callbacks: { allow: ['127.0.0.1'] } },
      sessions: { allow: ['*'] },
      notify: [{ on: ['turn_ended'], session: 'own-*', url: `${receiver.url}/notice`, name: 'ends' }],
    }
    const options = { config, args: ['--store', database.newSchema()] }
    const a = await openDoor({ ...options, name: 'door-a' })
    const others = { ...options, beside: a.home }
    doors = [a, await openDoor({ ...others, name: 'door-b' }), await openDoor({ ...others, name: 'door-c' })]
    admin = adminOf(a.home, () => a.server)
  })

  after(async () => {
    if (skip) return
    for (const door of doors ?? []) await door.server.stop()
    receiver.close()
    await database.stop()
  })

  const at = (door: Door, url: string) => `${door.url}${new URL(url).pathname}`

  it('take a knock with one idempotency key once, whichever of them has it first', { skip }, async () => {
    await doors[0].postern('session', 'add', 'box', '--driver', 'inbox')
    const { path } = await admin.mint({ session: 'box' })
    for (let n = 0; n < times; n += 10) {
      const answers = await Promise.all(
        Array.from({ length: 10 }, async (_, i) => {
          const both = [doors[1], doors[2]].map((door) =>
            fetch(`${door.url}${path}`, {
              method: 'POST',
              headers: {
                'content-type': 'application/json',
                prefer: 'wait=0',
                'idempotency-key': `k${n + i}`,
              },
              body: JSON.stringify({ message: `once ${n + i}` }),
            }),
          )
          return Promise.all(
            (await Promise.all(both)).map(async (response) => ({
              status: response.status,
              id: ((await response.json()) as { readonly deliveryId?: string }).deliveryId,
            })),
          )
        }),
      )
      for (const [one, two] of answers) {
        assert.deepEqual([one?.status, two?.status], [202, 202])
        assert.equal(one?.id, two?.id)
      }
    }
    const stored = await admin.ask<readonly unknown[]>('GET', 'deliveries?limit=1000&session=box')
    assert.equal(stored.length, times)
  })

  it('say from which of them a session is taken, and by which', { skip }, async () => {
    const [a, b] = doors
    await a.postern('session', 'add', 'moved', '--driver', 'command', '--', 'cat')
    const { path } = await admin.mint({ session: 'moved' })
    assert.equal((await knock(`${a.url}${path}`, 'first')).status, 202)
    const add = ['session', 'add', 'moved', '--driver', 'command']
    const refused = await b.postern(...add, '--', 'cat')
    assert.match(refused.stderr, /"moved" is live on the host "door-a"/)
    const took = await b.postern(...add, '--replace', '--', 'cat')
    assert.match(took.stderr, /taken from host "door-a", which is there/)
    await until('the one that lost it says so', () =>
      /session\.taken.*"moved".*it was opened on the host \\"door-b\\"/.test(a.server.stderr()),
    )
    assert.match((await a.postern('session', 'ls')).stdout, /^moved +command +door-b /m)
    assert.equal((await knock(`${a.url}${path}`, 'second')).status, 202)
    await a.postern('session', 'end', 'moved')
  })

  it('let in once whoever has a URL that may be used once', { skip }, async () => {
    for (let n = 0; n < 30; n++) {
      const { path } = await admin.mint({ session: 'box', uses: 1 })
      const answers = await Promise.all(doors.map((door) => knock(`${door.url}${path}`, `single ${n}`)))
      assert.equal(answers.filter(({ status }) => status === 202).length, 1)
      assert.ok(answers.every(({ status }) => [202, 403, 410].includes(status)))
    }
  })

  it('accept nothing that was sent after one of them has answered that its grant is revoked', {
    skip,
  }, async () => {
    let taken = 0
    const revokedUnderLoad = async (n: number) => {
      const { path, grantId } = await admin.mint({ session: 'box' })
      let revokedAt = Number.POSITIVE_INFINITY
      const knocking = [doors[1], doors[2]].map(async (door) => {
        for (;;) {
          const began = performance.now()
          const { status } = await knock(`${door.url}${path}`, `until ${n}`)
          if (status !== 202) return status
          taken += 1
          assert.ok(began < revokedAt, `taken ${began - revokedAt} ms after the end`)
        }
      })
      await new Promise((resolve) => setTimeout(resolve, 10))
      await admin.ask('DELETE', `grants/${grantId}`)
      revokedAt = performance.now()
      assert.deepEqual(await Promise.all(knocking), [403, 403])
    }
    for (let n = 0; n < times; n += 4) await Promise.all([0, 1, 2, 3].map((i) => revokedUnderLoad(n + i)))
    assert.ok(taken > times, `only ${taken} were taken: no load at all`)
  })

  it('answer who waits at another one', { skip }, async () => {
    await doors[0].agent('echo', 0.2)
    const { path } = await admin.mint({ session: 'echo', verb: 'run_turn' })
    const late: number[] = []
    for (let n = 0; n < 12; n++) {
      const response = await fetch(`${doors[1].url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer: 'wait=20' },
        body: JSON.stringify({ message: `hello ${n}` }),
      })
      const heardAt = Date.now()
      const body = (await response.json()) as { readonly deliveryId: string; readonly response?: string }
      assert.match(body.response ?? '', new RegExp(`hello ${n}`))
      const { settledAt } = await admin.ask<{ settledAt: string }>('GET', `deliveries/${body.deliveryId}`)
      late.push(heardAt - Date.parse(settledAt))
    }
    late.sort((a, b) => a - b)
    console.log(`answered ${late[0]} to ${late.at(-1)} ms after it was there, ${late[6]} in the middle`)
    assert.ok((late[0] ?? Number.POSITIVE_INFINITY) < 300, 'none is told, each looks by itself')
  })

  it('call back once, and tell notices once', { skip }, async () => {
    const before = receiver.got.length
    for (const door of doors) await door.agent(`own-${doors.indexOf(door)}`)
    const sent = await Promise.all(
      Array.from({ length: 30 }, async (_, n) => {
        const session = `own-${n % 3}`
        const order = { message: `call ${n}`, session, callbackUrl: `${receiver.url}/done/${n}` }
        const answer = await post(`${doors[(n + 1) % 3]?.url}/api/hooks/agent`, order)
        assert.equal(answer.status, 202, answer.text)
        return String(answer.body.deliveryId)
      }),
    )
    const of = (path: string) => receiver.got.slice(before).filter((got) => got.path.startsWith(path))
    await until('all are told', () => of('/done').length >= 30 && of('/notice').length >= 30)
    // What comes twice comes at the next look.
    await new Promise((resolve) => setTimeout(resolve, 1500))
    assert.equal(of('/done').length, 30)
    assert.equal(new Set(of('/done').map(({ path }) => path)).size, 30)
    const told = of('/notice').map(
      ({ body }) => (JSON.parse(body) as { data: { delivery: string } }).data.delivery,
    )
    assert.deepEqual(told.toSorted(), sent.toSorted())
  })

  it('are one door to a machine whose requests come to each in turn', { skip }, async () => {
    const balancer = await startBalancer(doors.map(({ url }) => url))
    const host = await doors[0].host('laptop', balancer.url)
    const agent = await host.agent('far')
    const url = await host.expose('far')
    const texts = Array.from({ length: 30 }, (_, n) => `far ${n}`)
    for (const [n, text] of texts.entries())
      assert.ok([200, 202].includes((await knock(at(doors[n % 3] ?? doors[0], url), text)).status))
    await until('it has heard all', () => agent.got().length >= texts.length)
    assert.deepEqual(agent.got(), texts)
    const seen = await admin.ask<readonly { attempts: number }[]>('GET', 'deliveries?limit=100&session=far')
    assert.deepEqual(new Set(seen.map(({ attempts }) => attempts)), new Set([1]))
    const answer = await knock(at(doors[2], url), 'now', 10)
    assert.equal(answer.status, 200)
    assert.equal(await host.process.stop(), 0)
    balancer.close()
  })
})
