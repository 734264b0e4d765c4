import assert from 'node:assert/strict'
import process from 'node:process'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { knock, openDoor, sessionAt } from '../support/fleet.ts'
import { until } from '../support/hooks.ts'
import { startProxy } from '../support/tcp-proxy.ts'

/** A host that reaches its door through a proxy alone, with a session that has heard of one knock. */
async function behindProxy() {
  const door = await openDoor()
  const proxy = await startProxy(door.url)
  const host = await door.host('laptop', proxy.address.replace(/\/$/, ''))
  const { got } = await host.agent('build')
  const url = (await host.expose('build')).replace(/^https?:\/\/[^/]+/, door.url)
  await knock(url, 'before', 10)
  return { door, proxy, host, got, url }
}

describe('a host that has joined a door', { timeout: 120_000 }, () => {
  it('opens its sessions there, and brings their messages to its agents, answer and order and all', async () => {
    const door = await openDoor()
    const host = await door.host('laptop')
    const { got } = await host.agent('build')
    const url = await host.expose('build', '--verb', 'run_turn')
    assert.ok(url.startsWith(`${door.url}/hook/`))
    const answered = await knock(url, 'first', 10)
    assert.equal(answered.status, 200)
    assert.equal((answered as { response?: string }).response, 'first')
    const texts = Array.from({ length: 20 }, (_, i) => `message ${i}`)
    for (const text of texts) assert.equal((await knock(url, text)).status, 202)
    await until('all are there', () => got().length === 21)
    assert.deepEqual(got(), ['first', ...texts])
    assert.equal((await sessionAt(door, 'build')).host, 'laptop')
    const all = await door.states()
    assert.deepEqual([...new Set(all.map(({ state, attempts }) => `${state} ${attempts}`))], ['DELIVERED 1'])
    assert.equal(await host.process.stop(), 0)
    assert.equal(await door.server.stop(), 0)
  })

  it('is away and comes back: senders get 202, nothing is lost, and it goes on in order', async () => {
    const { door, proxy, host, got, url } = await behindProxy()
    proxy.cut(true)
    const during = Array.from({ length: 10 }, (_, i) => `during ${i}`)
    for (const text of during) assert.equal((await knock(url, text)).status, 202)
    await until('it is offline', async () => (await sessionAt(door, 'build')).state === 'offline', 20_000)
    assert.match((await sessionAt(door, 'build')).why ?? '', /its host "laptop" is away/)
    assert.deepEqual(got(), ['before'])
    proxy.cut(false)
    // Within 2 s on a machine that has nothing else to do.
    await until('it goes on', () => got().length > 1, 8000)
    await until('all are there', () => got().length === 11)
    assert.deepEqual(got(), ['before', ...during])
    assert.equal((await sessionAt(door, 'build')).state, 'live')
    assert.ok((await door.states()).every(({ attempts, state }) => attempts === 1 && state === 'DELIVERED'))
    await host.process.stop()
    await proxy.close()
    await door.server.stop()
  })

  it('goes on soon where its connections are dead without a word, as after another network', async () => {
    const { door, proxy, host, got, url } = await behindProxy()
    proxy.deaden()
    assert.equal((await knock(url, 'after')).status, 202)
    // A claim alone would wait for 35 s.
    await until('it goes on', () => got().length > 1, 12_000)
    await until('all are settled', async () =>
      (await door.states()).every(({ state, attempts }) => state === 'DELIVERED' && attempts === 1),
    )
    assert.deepEqual(got(), ['before', 'after'])
    await host.process.stop()
    await proxy.close()
    await door.server.stop()
  })

  it('loses and doubles nothing when answers are swallowed: of a claim, of a settlement', async () => {
    const door = await openDoor()
    const proxy = await startProxy(door.url)
    const host = await door.host('laptop', proxy.address.replace(/\/$/, ''))
    const { got } = await host.agent('build')
    const url = (await host.expose('build')).replace(/^https?:\/\/[^/]+/, door.url)
    const sent: string[] = []
    for (const [i, lost] of [
      '/claim',
      'settleDelivery',
      'acceptDelivery',
      '/claim',
      'settleDelivery',
    ].entries()) {
      proxy.loseAnswerTo(lost)
      sent.push(`message ${i}`)
      assert.equal((await knock(url, `message ${i}`)).status, 202)
      await until(`${i} is there`, () => got().length === i + 1, 30_000)
    }
    assert.ok(proxy.lost() > 0)
    await until('all are settled', async () =>
      (await door.states()).every(({ state, attempts }) => state === 'DELIVERED' && attempts === 1),
    )
    assert.deepEqual(got(), sent)
    await host.process.stop()
    await proxy.close()
    await door.server.stop()
  })

  it('survives kill -9 of either side: what ran is unknown and sent again, the rest is delivered once', async () => {
    const door = await openDoor()
    const host = await door.host('laptop')
    const { got } = await host.agent('build', 0.4)
    const url = await host.expose('build')
    const texts = Array.from({ length: 6 }, (_, i) => `message ${i}`)
    for (const text of texts) assert.equal((await knock(url, text)).status, 202)
    await until('the first is there', () => got().length >= 1)
    await door.server.kill9()
    await pause(500)
    const server = await door.again()
    await until('three are there', () => got().length >= 3)
    await host.process.kill9()
    const again = await host.again()
    await until(
      'all are settled',
      async () => (await door.states()).every(({ state }) => state === 'DELIVERED'),
      30_000,
    )
    const twice = (await door.states()).filter(({ attempts }) => attempts > 1)
    for (const { id } of twice) {
      const { stdout } = await door.postern('deliveries', 'show', id)
      assert.match(stdout, /unknown/)
    }
    assert.deepEqual([...new Set(got())], texts)
    assert.ok(got().length <= texts.length + twice.length)
    await again.stop()
    await server.stop()
  })

  it('that was stopped settles nothing once its session was opened elsewhere', async () => {
    const door = await openDoor()
    const [first, second] = [await door.host('first'), await door.host('second')]
    const there = await first.agent('build', 2)
    const url = await first.expose('build')
    const { deliveryId = '' } = await knock(url, 'one')
    await until('it is under way', async () => (await door.states()).some(({ attempts }) => attempts === 1))
    await pause(300)
    process.kill(first.process.pid, 'SIGSTOP')
    await assert.rejects(second.agent('build', 0, '--replace'), /wait until that host is away/)
    const state = async () => (await door.postern('hosts', 'ls')).stdout
    await until('it is away', async () => /first +away/.test(await state()), 20_000)
    const here = await second.agent('build', 0, '--replace')
    await until('the second has it', () => here.got().length === 1)
    process.kill(first.process.pid, 'SIGCONT')
    await pause(3000)
    const record = JSON.parse((await door.postern('deliveries', 'show', deliveryId, '--json')).stdout) as {
      readonly state: string
      readonly attempts: number
    }
    assert.deepEqual([record.state, record.attempts], ['DELIVERED', 2])
    assert.match((await door.postern('deliveries', 'show', deliveryId)).stdout, /unknown/)
    assert.equal((await knock(url, 'two', 10)).status, 200)
    assert.deepEqual(here.got(), ['one', 'two'])
    assert.ok(there.got().length <= 1)
    assert.equal((await sessionAt(door, 'build')).host, 'second')
    const lost = (by: RegExp) => new RegExp(`session\\.taken.*"build".*it was opened ${by.source}`)
    await until('the first says who has it', () =>
      lost(/on the host \\"second\\"/).test(first.process.stderr()),
    )
    const took = await door.postern(
      'session',
      'add',
      'build',
      '--driver',
      'command',
      '--replace',
      '--',
      'cat',
    )
    assert.match(took.stderr, /taken from host "second", which is there: its agent for it is ended/)
    await until('the second says who has it', () => lost(/at the door/).test(second.process.stderr()))
    assert.match((await door.postern('session', 'ls')).stdout, /^build +command +live /m)
    await first.process.stop()
    await second.process.stop()
    await door.server.stop()
  })

  it('is served by one process: another with its token takes its place, and the first one ends', async () => {
    const door = await openDoor()
    const host = await door.host('laptop')
    const copy = await door.postern('hosts', 'ls', '--json')
    assert.equal((JSON.parse(copy.stdout) as unknown[]).length, 1)
    const second = await host.again().catch((error: unknown) => error)
    assert.match(String(second), /serves this home/)
    await host.process.stop()
    await door.server.stop()
  })
})
