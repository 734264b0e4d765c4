import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { addAsking, answeredAfter, answersIn, isIdle, openDecisions } from '../support/asking.ts'
import { cli } from '../support/binary.ts'
import { openHook } from '../support/claude-hook.ts'
import { type Door, openDoor } from '../support/fleet.ts'
import { adminToken, get, until } from '../support/hooks.ts'
import { ownCapability } from '../support/own-capability.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'

type Host = Awaited<ReturnType<Door['host']>>

describe('what an agent on a joined machine asks while its link is cut', { timeout: 240_000 }, () => {
  let door: Door
  let proxy: TcpProxy
  let host: Host
  let api: { readonly url: string; readonly admin: string }

  before(async () => {
    door = await openDoor()
    proxy = await startProxy(door.url)
    host = await door.host('laptop', proxy.address.replace(/\/$/, ''))
    api = { url: door.url, admin: await adminToken(door.home) }
    await addAsking(host.home, 'coder', '--decisions')
    const added = await host.postern('session', 'add', 'desk', '--driver', 'inbox', '--decisions')
    assert.equal(added.code, 0, added.stderr)
  })
  after(async () => {
    await host.process.stop()
    await proxy.close()
    await door.server.stop()
  })

  const openOf = (session: string) =>
    until(`${session} asks`, async () => {
      const open = await openDecisions(api, session)
      return open.length > 0 ? open : undefined
    })
  const send = async (message: string) => {
    const { code, stderr } = await door.postern('send', '--session', 'coder', '--timeout', '0', message)
    assert.equal(code, 0, stderr)
  }
  const ended = async (id: string) =>
    until('it is over', async () => {
      const { state } = JSON.parse((await get(`${api.url}/api/decisions/${id}`, api.admin)).text) as {
        readonly state: string
      }
      return state === 'open' || state === 'deciding' ? undefined : state
    })

  it('is put before people once, also where the asking or the answer to it is lost', async () => {
    for (const spoil of [proxy.cutBefore, proxy.loseAnswerTo]) {
      const before = (await answersIn(host.home)).length
      spoil('openDecision')
      await send('TOOL')
      const open = await openOf('coder')
      await pause(1500)
      assert.equal((await openDecisions(api, 'coder')).length, 1)
      const decided = await door.postern('decide', open[0]?.id ?? '', 'allow')
      assert.equal(decided.code, 0, decided.stderr)
      assert.deepEqual(await answeredAfter(host.home, before, 1), [{ title: 'touch x', option: 'once' }])
      await isIdle(api, 'coder')
    }
  })

  it('is decided meanwhile, and its agent is told when the link is back', async () => {
    const before = (await answersIn(host.home)).length
    await send('TOOL')
    const [one] = await openOf('coder')
    assert.ok(one)
    proxy.cut(true)
    await pause(3000)
    const decided = await door.postern('decide', one.id, 'allow')
    assert.equal(decided.code, 5)
    assert.match(decided.stderr, /told as soon as it can be reached: its host "laptop" is away/)
    assert.equal((await answersIn(host.home)).length, before)
    proxy.cut(false)
    assert.deepEqual(await answeredAfter(host.home, before, 1), [{ title: 'touch x', option: 'once' }])
    assert.equal(await ended(one.id), 'allowed')
    await isIdle(api, 'coder')
  })

  it('nor does one that waits at its inbox give up', async () => {
    const waiting = host.postern('inbox', '--session', 'desk', '--wait')
    await pause(1500)
    proxy.cut(true)
    await pause(1500)
    proxy.cut(false)
    await door.postern('send', '--session', 'desk', '--timeout', '0', 'to the desk')
    const { code, stdout, stderr } = await waiting
    assert.equal(code, 0, stderr)
    assert.match(stdout, /to the desk/)
  })

  it('is told to an agent that speaks for itself, in words for its machine', async () => {
    const home = host.home
    const token = await ownCapability(home, 'desk')
    const self = join(host.folder, 'self')
    writeFileSync(self, JSON.stringify({ home, session: 'desk', token, generation: '0123456789abcdef' }), {
      mode: 0o600,
    })
    proxy.cut(true)
    const waited = await cli(['wait', '--what', 'x'], { home, env: { POSTERN_SELF: self } })
    proxy.cut(false)
    assert.equal(waited.code, 5, waited.stderr)
    assert.match(waited.stderr, /The door at .* cannot be reached: .* try again in a minute/)
    assert.doesNotMatch(waited.stderr, /postern serve/)
  })

  it('goes on where the hook of an agent in a terminal asks', async () => {
    const hook = await openHook(host.home, 'desk')
    const [one] = await openOf('desk')
    assert.ok(one)
    proxy.cut(true)
    await pause(3000)
    await door.postern('decide', one.id, 'deny')
    proxy.cut(false)
    assert.equal(JSON.parse(await hook.printed()).hookSpecificOutput.decision.behavior, 'deny')
    assert.equal(await ended(one.id), 'denied')
  })

  it('nor is one that began to ask before the link was back left to itself', async () => {
    proxy.cut(true)
    const hook = await openHook(host.home, 'desk')
    await pause(2000)
    proxy.cut(false)
    const [one] = await openOf('desk')
    assert.ok(one)
    await door.postern('decide', one.id, 'allow')
    assert.equal(JSON.parse(await hook.printed()).hookSpecificOutput.decision.behavior, 'allow')
    proxy.cut(true)
    const other = await openHook(host.home, 'desk')
    await pause(1500)
    await other.status('busy')
    assert.equal(await other.printed(), '', 'a person has answered at the agent')
    proxy.cut(false)
  })
})
