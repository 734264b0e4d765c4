import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HookPermission, WaitingCall } from '../../../src/domain/decision.ts'
import { pause } from '../../../src/wait.ts'
import { until } from '../../support/hooks.ts'
import { cli, createWorld } from '../fake-io.ts'

const stdin = (text: string) => ({ read: async () => new TextEncoder().encode(text) })

describe('hook-relay', () => {
  it('passes on what stands on standard input, or after the name of the agent', async () => {
    const world = createWorld()
    const env = { POSTERN_SESSION: 'build' }
    const ran = await cli(world, ['hook-relay', 'claude', '--home', '/h'], { ...stdin('{"a":1}'), env })
    assert.deepEqual(ran, { code: 0, stdout: '', stderr: '' })
    await cli(world, ['hook-relay', 'codex', '--session', 'x', '--home', '/h', '{"b":2}'])
    assert.deepEqual(world.relayed, [
      { runDir: '/h/run', agent: 'claude', env, payload: '{"a":1}' },
      { runDir: '/h/run', agent: 'codex', env: {}, session: 'x', payload: '{"b":2}' },
    ])
    assert.equal(world.opens, 0, 'no home is opened, or made')
  })

  const wrong: readonly (readonly string[])[] = [
    ['hook-relay'],
    ['hook-relay', 'claude', '--sesion', 'x'],
    ['hook-relay', 'claude', 'a', 'b'],
    ['hook-relay', 'claude', '--session'],
    ['hook-relay', 'claude', '--home', ''],
  ]
  for (const argv of wrong)
    it(`${argv.join(' ')}: nothing is printed, exit code 0`, async () => {
      const world = createWorld()
      const nothing = {
        read: async () => {
          throw new Error('closed')
        },
      }
      assert.deepEqual(await cli(world, argv, nothing), { code: 0, stdout: '', stderr: '' })
      assert.deepEqual(world.relayed, [])
    })

  it('is quiet when nobody listens', async () => {
    const world = createWorld()
    const relay = async () => ({
      ...(await world.io.relay()),
      send: () => {
        throw new Error('ENOENT')
      },
    })
    const ran = await cli({ ...world, io: { ...world.io, relay } }, ['hook-relay', 'claude', '{}'])
    assert.deepEqual(ran, { code: 0, stdout: '', stderr: '' })
  })
})

describe('hook-relay --decide', () => {
  /** A hook that tells of a permission, in a session of that agent. */
  const openHook = async (decisions: boolean, folder?: string, call?: WaitingCall) => {
    const world = createWorld()
    let asks = true
    const permission: HookPermission = {
      request: { id: 'r', kind: 'permission', title: 'Bash: ls', detail: '{}' },
      asker: '1 2',
      folder,
      stillAsks: async () => asks,
      waitingCall: async () => call,
      answer: (verdict) => `{"behavior":"${verdict}"}`,
    }
    const io = {
      ...world.io,
      relay: async () => ({ ...(await world.io.relay()), permission: async () => permission }),
      openHome: async (home: string) => ({
        ...(await world.io.openHome(home)),
        nextLook: (signal: AbortSignal) => pause(5, signal),
      }),
    }
    const add = ['session', 'add', 'x', '--driver', 'command', ...(decisions ? ['--decisions'] : [])]
    await cli(world, [...add, '--set', 'cwd=/src', '--', 'true'])
    const relay = (within = '1m') =>
      cli({ ...world, io }, ['hook-relay', 'codex', '--session', 'x', '--decide', within, '{}'])
    const { store } = world
    return {
      relay,
      store,
      confirmed: world.confirmed,
      now: world.now,
      asked: () => until('it asks', async () => (await store.listDecisions({ open: true, limit: 1 })).at(0)),
      answerThere: () => {
        asks = false
      },
    }
  }
  const nothing = { code: 0, stdout: '', stderr: '' }

  it("prints a person's decision for the agent, and no more", async () => {
    const hook = await openHook(true)
    const ran = hook.relay()
    const { id, request, asker } = await hook.asked()
    assert.deepEqual([request.title, asker], ['Bash: ls', '1 2'])
    await hook.store.decide(id, 'deny', 'cli', hook.now)
    assert.deepEqual(await ran, { code: 0, stdout: '{"behavior":"deny"}', stderr: '' })
    assert.equal((await hook.store.findDecision(id))?.state, 'denied')
  })

  it('leaves it to another process to find out whether its answer counted, where that can be', async () => {
    const call = { record: '/t.jsonl', id: 'toolu_1' }
    const hook = await openHook(true, undefined, call)
    const ran = hook.relay()
    const { id } = await hook.asked()
    await hook.store.decide(id, 'allow', 'cli', hook.now)
    assert.deepEqual(await ran, { code: 0, stdout: '{"behavior":"allow"}', stderr: '' })
    assert.deepEqual(hook.confirmed, [{ decision: id, verdict: 'allow', call }])
    assert.equal((await hook.store.findDecision(id))?.state, 'deciding')
  })

  it('prints nothing once somebody answered at the agent, and the decision is over', async () => {
    const hook = await openHook(true)
    const ran = hook.relay()
    const { id } = await hook.asked()
    hook.answerThere()
    assert.deepEqual(await ran, nothing)
    assert.equal((await hook.store.findDecision(id))?.state, 'elsewhere')
    await assert.rejects(hook.store.decide(id, 'allow', 'cli', hook.now), { code: 'decided_already' })
  })

  it('prints nothing when nobody decides in time', async () => {
    const hook = await openHook(true)
    assert.deepEqual(await hook.relay('1s'), nothing)
    const [decision] = await hook.store.listDecisions({ limit: 1 })
    assert.equal(decision?.state, 'expired')
  })

  it('asks nobody where the session does not say so, or the agent works elsewhere', async () => {
    for (const hook of [await openHook(false), await openHook(true, '/other')]) {
      assert.deepEqual(await hook.relay(), nothing)
      assert.deepEqual(await hook.store.listDecisions({ limit: 1 }), [])
    }
  })
})

describe('--print-hooks', () => {
  it('session add prints the settings for that session beside registering it', async () => {
    const world = createWorld()
    const argv = ['session', 'add', 'x', '--driver', 'command', '--print-hooks', '--home', '/h']
    const { code, stdout, stderr } = await cli(world, argv)
    assert.deepEqual([code, stdout, world.listeners], [0, 'relay /h x\n', ['x']])
    assert.match(stderr, /is open.*\nHelper: save it\.\n/)
    const again = await cli(world, [...argv, '--replace', '--json'])
    assert.deepEqual(JSON.parse(again.stdout).hooks, { helper: 1 })
  })

  it('run prints them and starts nothing: its agent knows its session', async () => {
    const world = createWorld()
    const argv = ['run', '--session', 'x', '--print-hooks', '--home', '/h', '--', 'helper']
    const { code, stdout } = await cli(world, argv)
    assert.deepEqual([code, stdout, world.started], [0, 'relay /h undefined\n', []])
  })
})
