import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
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
