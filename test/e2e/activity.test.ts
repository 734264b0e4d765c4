import assert from 'node:assert/strict'
import { dirname, join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { adminToken, asked, configure, get, hooks, post, type Shown, until } from '../support/hooks.ts'

const fake = resolve(import.meta.dirname, '../fixtures/fake-acp-agent.mjs')

/** A session as `ls --json` and the API show it. */
interface Seen {
  readonly id: string
  readonly state: string
  readonly activity: string | null
  readonly since: string | null
  readonly asks: string | null
  readonly why: string | null
}

describe('a blocked agent is seen', () => {
  let home: string
  let server: Served
  let admin: string

  const listed = async (): Promise<readonly Seen[]> =>
    JSON.parse((await cli(['session', 'ls', '--json'], { home })).stdout) as readonly Seen[]
  const seen = async (id: string) => (await listed()).find((session) => session.id === id)

  before(async () => {
    home = await scratchHome()
    configure(home, { ...hooks(), sessions: { allow: ['*'] } })
    server = await serve(home)
    admin = await adminToken(home)
    const env = { FAKE_ACP_DIR: join(dirname(home), 'fake-acp') }
    const added = await cli(
      [
        'session',
        'add',
        'coder',
        '--driver',
        'acp',
        '--set',
        `env=${JSON.stringify(env)}`,
        '--',
        'node',
        fake,
      ],
      { home },
    )
    assert.equal(added.code, 0, added.stderr)
  })
  after(() => server.stop())

  it('an agent that waits for permission is no longer invisible', async () => {
    assert.deepEqual([(await seen('coder'))?.state, (await seen('coder'))?.activity], ['live', 'idle'])
    assert.equal((await cli(['send', '--session', 'coder', 'TOOL: list the files'], { home })).code, 0)
    await until('it is blocked', async () => {
      const { activity } = await asked<Seen>(home, server, 'sessions/coder')
      return activity === 'blocked' || undefined
    })
    const blocked = await seen('coder')
    assert.ok(blocked)
    assert.deepEqual([blocked.state, blocked.asks], ['live', 'permission: touch x'])
    assert.ok(Math.abs(Date.now() - Date.parse(blocked.since ?? '')) < 60_000, String(blocked.since))
    const { text } = await get(`${server.url}/api/sessions/coder`, admin)
    assert.equal((JSON.parse(text) as Seen).asks, 'permission: touch x')
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    assert.match(metrics, /^postern_session_blocked\{session="coder"\} 1$/m)
    const show = (await cli(['session', 'show', 'coder'], { home })).stdout
    assert.match(show, /^Agent: +blocked: permission: touch x$/m)
    assert.equal((await seen('coder'))?.since, blocked.since)
    await post(`${server.url}/api/hooks/agent`, { session: 'coder', message: 'next' })
    const held = await until('the next one is held', async () => {
      const all = await asked<readonly Shown[]>(home, server, 'deliveries?session=coder')
      return all.find(({ heldBecause }) => heldBecause === 'blocked')
    })
    assert.equal(held.detail, 'it waits for permission: touch x')
  })

  it('an agent that waits for permission is released without ending its session', async () => {
    const { code, stderr } = await cli(['session', 'cancel', 'coder'], { home })
    assert.deepEqual([code, stderr], [0, 'The turn of coder was cancelled.\n'])
    await until('what waited is taken', async () => {
      const all = await asked<readonly Shown[]>(home, server, 'deliveries?session=coder')
      return all.every(({ state }) => state === 'DELIVERED') || undefined
    })
    assert.equal((await seen('coder'))?.state, 'live')
    const again = await cli(['session', 'cancel', 'default'], { home })
    assert.notEqual(again.code, 0)
    assert.match(again.stderr, /Only the turn of an agent that Postern runs/)
  })
})
