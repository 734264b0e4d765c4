import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { knock, openDoor, sessionAt } from '../support/fleet.ts'
import { configure, hooks, secret, until } from '../support/hooks.ts'

describe('the commands of a host that has joined a door', { timeout: 120_000 }, () => {
  it('are there for its own sessions, every one', async () => {
    const door = await openDoor()
    const host = await door.host('laptop')
    const { got } = await host.agent('build')
    const ran = async (...args: string[]) => {
      const { code, stdout, stderr } = await host.postern(...args)
      assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
      return stdout
    }
    const url = await host.expose('build')
    const [grant] = JSON.parse(await ran('ls', '--json')) as { id: string }[]
    assert.ok(grant)
    await ran('send', '--session', 'build', '--timeout', '10', 'by hand')
    assert.deepEqual(got(), ['by hand'])
    await ran('pause', 'session:build')
    const { deliveryId = '' } = await knock(url, 'held')
    await pause(1500)
    assert.deepEqual(got(), ['by hand'])
    await ran('resume', 'session:build')
    await until('it goes on', () => got().length === 2)
    assert.match(await ran('deliveries', 'show', deliveryId), /held/)
    assert.equal((JSON.parse(await ran('session', 'ls', '--json')) as unknown[]).length, 1)
    assert.match(await ran('session', 'show', 'build'), /laptop|command/)
    assert.match(await ran('doctor'), /door +ok +http:.*as "laptop"/)
    const wait = (await ran('wait', '--session', 'build', '--what', 'a word', '--quiet')).trim()
    assert.equal((await knock(wait, 'the word')).status, 202)
    await until('the wait is answered', () => got().some((line) => line.includes('the word')))
    await ran('deliveries', 'replay', deliveryId)
    await until('it is sent once more', () => got().filter((line) => line === 'held').length === 2)
    await ran('deliveries', 'replay', deliveryId, '--message', 'other words')
    await until('it is sent in other words', () => got().includes('other words'))
    await ran('rotate', grant.id)
    await ran('revoke', grant.id)
    assert.equal((await knock(url, 'too late')).status, 403)
    await ran('session', 'end', 'build')
    assert.equal((await sessionAt(door, 'build')).state, 'ended')
    for (const args of [['hooks', 'ls'], ['hosts', 'ls'], ['refusals'], ['backup', 'x.db'], ['serve']]) {
      const { code, stderr } = await host.postern(...args)
      assert.notEqual(code, 0, `${args.join(' ')}: ${stderr}`)
    }
    await host.process.stop()
    await door.server.stop()
  })

  it('check its configuration, also while the door is away', async () => {
    const door = await openDoor()
    const host = await door.host('laptop')
    const checked = async (config: unknown) => {
      configure(host.home, config)
      return host.postern('check', '--json')
    }
    const good = { retry: { attempts: 3 } }
    const unknown = { sessions: { declared: { logs: { driver: 'comand' } } } }
    const all = async () => {
      const { code, stdout, stderr } = await checked(good)
      assert.equal(code, 0, stderr)
      assert.deepEqual((JSON.parse(stdout) as { warnings: unknown }).warnings, [])
      assert.match((await checked(unknown)).stdout, /Did you mean command/)
      const broken = await checked({ retry: { attempts: 'three' } })
      assert.equal(broken.code, 1)
      assert.match(broken.stderr, /retry.attempts/)
    }
    await all()
    await host.process.stop()
    await door.server.stop()
    await all()
  })

  it('name the door where something is its alone', async () => {
    const door = await openDoor({ config: hooks({ gh: { preset: 'github', secret } }) })
    const host = await door.host('laptop')
    await host.agent('build')
    const there = `postern: This home has joined the door at ${door.url}: do that there.\n`
    for (const line of [
      'pause hook:gh',
      'resume hook:gh',
      'pause hook:wake',
      'pause gh',
      'expose --hook gh',
      'expose --hook wake',
      'hooks send gh',
      'hooks ls',
      'dashboard',
      'send --session default hello',
    ]) {
      const { code, stdout, stderr } = await host.postern(...line.split(' '))
      assert.deepEqual([line, code, stdout, stderr], [line, 1, '', there])
    }
    // Its own go by their bare names as before, and who mistypes one hears which.
    assert.equal((await host.postern('pause', 'build')).code, 0)
    assert.match((await host.postern('pause', 'biuld')).stderr, /Did you mean build\?/)
    assert.deepEqual(await door.states(), [])
    await host.process.stop()
    await door.server.stop()
  })

  it('open nothing of another host, no admin route, and nothing at all once it is revoked', async () => {
    const door = await openDoor()
    const [mine, other] = [await door.host('mine'), await door.host('other')]
    await mine.agent('build')
    await other.agent('theirs')
    const url = await other.expose('theirs')
    const { deliveryId = '' } = await knock(url, 'secret of theirs', 10)
    const [grant] = JSON.parse((await other.postern('ls', '--json')).stdout) as { id: string }[]
    const refused = async (...args: string[]) => {
      const { code, stdout } = await mine.postern(...args)
      assert.notEqual(code, 0, args.join(' '))
      assert.ok(!stdout.includes('secret of theirs'))
    }
    await refused('deliveries', 'show', deliveryId)
    await refused('deliveries', 'cancel', deliveryId)
    await refused('deliveries', 'replay', deliveryId)
    await refused('expose', '--session', 'theirs')
    await refused('expose', '--session', 'default')
    await refused('expose', '--hook', 'agent')
    await refused('revoke', grant?.id ?? '')
    await refused('session', 'end', 'theirs')
    await refused('session', 'add', 'theirs', '--replace', '--driver', 'inbox')
    await refused('session', 'add', 'default', '--driver', 'inbox')
    await refused('send', '--session', 'theirs', 'x')
    await refused('pause', 'session:theirs')
    const headers = { authorization: `Bearer ${mine.token}`, 'content-type': 'application/json' }
    for (const path of [
      '/api/sessions',
      '/api/deliveries',
      '/api/grants',
      '/api/hosts',
      '/metrics',
      '/docs/json',
    ]) {
      const { status } = await fetch(`${door.url}${path}`, {
        headers: { ...headers, 'x-forwarded-for': '1.2.3.4' },
      })
      assert.equal(status, 401, path)
    }
    const replay = { method: 'POST', path: `/api/deliveries/${deliveryId}/replay`, body: {} }
    const asked = { method: 'POST', headers, body: JSON.stringify({ value: replay }) }
    assert.equal((await fetch(`${door.url}/api/host/api`, asked)).status, 403)
    for (const method of ['recordDelivery', 'claimDue', 'backup', 'addHost', 'constructor', '__proto__']) {
      const body = JSON.stringify({ value: { id: method, method, args: [] } })
      const { status } = await fetch(`${door.url}/api/host/call`, { method: 'POST', headers, body })
      assert.equal(status, 404, method)
    }
    assert.equal((await door.postern('hosts', 'revoke', 'mine')).code, 0)
    assert.equal(await mine.process.ended, 4)
    assert.match(mine.process.stderr(), /revoked/)
    assert.equal((await sessionAt(door, 'build')).state, 'offline')
    // So long a machine that is silent counts as there.
    await pause(3500)
    assert.equal((await sessionAt(door, 'build')).why, 'its host "mine" was revoked')
    await refused('session', 'ls')
    await other.process.stop()
    await door.server.stop()
  })
})
