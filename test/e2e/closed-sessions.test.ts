import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { adminOf } from '../support/admin-api.ts'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { addCommand, asked, configure, hooks, post, seen, settled, until } from '../support/hooks.ts'

const custom = {
  deploy: { messageTemplate: 'deployed {{what}}', session: 'later' },
  over: { messageTemplate: '{{what}}', session: 'over' },
  nowhere: { messageTemplate: '{{what}}' },
  unread: { messageTemplate: '{{what}}', session: 'pile' },
}

describe('a hook is never refused because of its session', () => {
  let home: string
  let server: Served

  const run = async (...args: readonly string[]) => {
    const ran = await cli(args, { home })
    assert.equal(ran.code, 0, ran.stderr)
    return ran.stdout
  }
  const knock = (path: string, body: Readonly<Record<string, unknown>>, wait = '0') =>
    post(`${server.url}/api/hooks/${path}`, body, { prefer: `wait=${wait}` })

  before(async () => {
    home = await scratchHome()
    configure(home, {
      ...hooks(custom),
      sessions: { agent: 'nobody', allow: ['later', 'over'] },
      retry: { maxHoldSeconds: 3600 },
    })
    server = await serve(home)
    await run('session', 'add', 'pile', '--driver', 'inbox')
  })
  after(() => server.stop())

  const doors: readonly [
    name: string,
    path: string,
    body: Readonly<Record<string, unknown>>,
    session: string,
  ][] = [
    ['a custom hook', 'deploy', { what: 'it' }, 'later'],
    ['the agent hook', 'agent', { message: 'hi' }, 'nobody'],
    ['the agent hook that names a session', 'agent', { message: 'hi', session: 'later' }, 'later'],
    ['one with a skill', 'agent', { message: 'hi', session: 'later', skill: 'review' }, 'later'],
  ]
  for (const [name, path, body, session] of doors)
    it(`session_missing: ${name} is stored and held`, async () => {
      const { status, body: answer } = await knock(path, body)
      assert.deepEqual(
        [status, answer.status, answer.session, answer.reason],
        [202, 'accepted', session, 'session_missing'],
      )
      const { state, heldBecause, detail, events } = await seen(home, server, answer.deliveryId)
      assert.deepEqual([state, heldBecause], ['PENDING', 'session_missing'])
      assert.match(detail ?? '', /no such session/)
      assert.equal(events.at(-1)?.kind, 'held')
    })

  it('who waits is told why when the wait is over', async () => {
    const { status, body } = await knock('deploy', { what: 'x' }, '1')
    assert.deepEqual([status, body.reason], [202, 'session_missing'])
  })

  it('what was held is delivered, in order, when the session is opened', async () => {
    const first = await knock('deploy', { what: '1' })
    const second = await knock('deploy', { what: '2' })
    await addCommand(home, 'later', 'cat')
    const ends = [
      await settled(home, server, first.body.deliveryId),
      await settled(home, server, second.body.deliveryId),
    ]
    assert.deepEqual(
      ends.map(({ state, answer }) => [state, answer]),
      [
        ['DELIVERED', 'deployed 1'],
        ['DELIVERED', 'deployed 2'],
      ],
    )
  })

  it('session_ended: what a hook stored waits, what a URL stored fails, and waits no more once it is open', async () => {
    await addCommand(home, 'over', 'sleep 600')
    const url = (await run('expose', '--session', 'over', '--quiet')).trim()
    const say = (message: string) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'text/plain', prefer: 'wait=60' },
        body: message,
      })
    const busy = await knock('over', { what: 'first' })
    await until('the first runs', async () =>
      (await seen(home, server, busy.body.deliveryId)).attempts === 1 ? true : undefined,
    )
    const byHook = await knock('over', { what: 'second' })
    const byUrl = say('third')
    await until('both wait', async () => {
      const { queue } = await asked<{ readonly queue: number }>(home, server, 'sessions/over')
      return queue === 3 ? true : undefined
    })
    const waiting = knock('over', { what: 'fourth' }, '4')
    const admin = adminOf(home, () => server)
    const ended = await admin.ask<{ failed: number; held: number }>('DELETE', 'sessions/over')
    assert.ok(ended.failed >= 1 && ended.held >= 1, JSON.stringify(ended))
    const refused = await byUrl
    assert.equal(refused.status, 410)
    assert.equal((await say('fifth')).status, 410)
    assert.deepEqual([(await waiting).status, (await waiting).body.reason], [202, 'session_ended'])
    const held = await seen(home, server, byHook.body.deliveryId)
    assert.deepEqual([held.state, held.heldBecause], ['PENDING', 'session_ended'])
    assert.match(await run('deliveries', 'ls', '--session', 'over'), /session_ended/)
    const after = await knock('over', { what: 'sixth' })
    assert.deepEqual([after.status, after.body.reason], [202, 'session_ended'])
    await addCommand(home, 'over', 'cat')
    for (const [{ body }, what] of [
      [byHook, 'second'],
      [after, 'sixth'],
    ] as const) {
      const { state, answer } = await settled(home, server, body.deliveryId)
      assert.deepEqual([state, answer], ['DELIVERED', what])
    }
  })

  it('check and doctor warn of what will only wait, and hooks ls names the session that is used', async () => {
    const check = JSON.parse(await run('check', '--json')) as { readonly warnings: readonly string[] }
    const doctor = await cli(['doctor', '--json'], { home })
    const found = JSON.parse(doctor.stdout) as readonly { readonly detail: string }[]
    for (const details of [check.warnings, found.map(({ detail }) => detail)]) {
      assert.ok(
        details.some((text) => /"agent" and "nowhere" deliver to "nobody", which does not exist/.test(text)),
      )
      assert.equal(details.filter((text) => text.includes('to "nobody"')).length, 1)
      assert.ok(
        details.some((text) => /"unread" delivers to "pile", an inbox that nobody has fetched/.test(text)),
      )
      assert.ok(!details.some((text) => /"deploy" delivers/.test(text)))
    }
    const listed = JSON.parse(await run('hooks', 'ls', '--json')) as readonly Record<string, unknown>[]
    assert.equal(listed.find(({ name }) => name === 'nowhere')?.session, 'nobody')
    assert.match(await run('hooks', 'ls'), /nowhere .* nobody /)
  })

  it('a message in an inbox that nobody reads says so', async () => {
    const { status, body } = await knock('unread', { what: 'x' })
    assert.deepEqual([status, body.reason], [202, undefined])
    assert.match(await run('deliveries', 'ls', '--session', 'pile'), /PENDING .* inbox/)
    assert.equal((await seen(home, server, body.deliveryId)).heldBecause, 'inbox')
  })
})
