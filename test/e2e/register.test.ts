import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { type AdminProgram, adminOf } from '../support/admin-api.ts'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { configure } from '../support/hooks.ts'

interface Problem {
  readonly detail: string
  readonly code: string
}

describe('POST /api/sessions, through the built binary', () => {
  let home: string
  let server: Served
  let admin: AdminProgram
  const refused = async (order: object) => {
    const response = await admin.call('POST', 'sessions', order)
    const { detail, code } = (await response.json()) as Problem
    return [response.status, code, detail] as const
  }
  const state = async (id: string) => (await admin.ask<{ state: string }>('GET', `sessions/${id}`)).state

  before(async () => {
    home = await scratchHome()
    admin = adminOf(home, () => server)
    server = await serve(home)
  })
  after(async () => {
    await server.stop()
    await rm(home, { recursive: true, force: true })
  })

  it('registers an agent that takes messages at once, and says where it is', async () => {
    const response = await admin.call('POST', 'sessions', {
      id: 'echo',
      driver: 'command',
      settings: { command: ['cat'] },
      check: true,
    })
    assert.equal(response.status, 201)
    assert.equal(response.headers.get('location'), '/api/sessions/echo')
    const { settings, ...opened } = (await response.json()) as Record<string, unknown>
    assert.equal(settings, undefined)
    assert.deepEqual([opened.id, opened.state, opened.liveGrants], ['echo', 'live', 0])
    assert.deepEqual((opened.check as { works: boolean }).works, true)
    const { id } = await admin.ask<{ id: string }>('POST', 'deliveries', {
      session: 'echo',
      message: 'hello',
    })
    assert.equal((await admin.ask<{ state: string }>('GET', `deliveries/${id}?wait=20`)).state, 'DELIVERED')
  })

  it('refuses in the words of the command line, and registers nothing', async () => {
    const orders: readonly (readonly [args: readonly string[], order: object, status: number])[] = [
      [['--driver', 'tmuxx'], { driver: 'tmuxx' }, 422],
      [['--driver', 'pty'], { driver: 'pty' }, 422],
      [['--driver', 'command'], { driver: 'command' }, 422],
      [
        ['--driver', 'command', '--check', '--', 'no-such-program-here'],
        { driver: 'command', check: true, settings: { command: ['no-such-program-here'] } },
        422,
      ],
      [['--driver', 'http', '--set', 'ulr=x'], { driver: 'http', settings: { ulr: 'x' } }, 422],
    ]
    for (const [args, order, status] of orders) {
      const typed = await cli(['session', 'add', 'new', ...args], { home })
      const [found, , detail] = await refused({ id: 'new', ...order })
      const plain = detail.replace('There is no such driver.', 'There is no driver "tmuxx".')
      assert.equal(found, status)
      assert.equal(typed.stderr.trim().replace(/^postern: /, ''), plain)
    }
    assert.equal((await admin.call('GET', 'sessions/new')).status, 404)
  })

  it('takes the place of a live session only when told to, and ends its agent', async () => {
    const order = { id: 'taken', driver: 'command', settings: { command: ['cat'] } }
    assert.equal((await admin.call('POST', 'sessions', order)).status, 201)
    const [status, code] = await refused({ ...order, driver: 'inbox', settings: {} })
    assert.deepEqual([status, code], [409, 'session_exists'])
    await admin.ask('POST', 'sessions', { id: 'taken', driver: 'inbox', replace: true })
    assert.equal(await state('taken'), 'live')
  })

  it('gives the messages of an inbox, oldest first, and waits for the next', async () => {
    await admin.ask('POST', 'sessions', { id: 'in', driver: 'inbox' })
    const next = (wait: number) => admin.call('GET', `sessions/in/inbox?wait=${wait}`)
    assert.equal((await next(0)).status, 404)
    const coming = next(30)
    const { id } = await admin.ask<{ id: string }>('POST', 'deliveries', { session: 'in', message: 'first' })
    await admin.ask('POST', 'deliveries', { session: 'in', message: 'second' })
    assert.deepEqual(((await (await coming).json()) as { id: string }).id, id)
    await admin.ask('POST', `deliveries/${id}/ack`)
    assert.equal(((await (await next(0)).json()) as { message: string }).message, 'second')
  })

  it('registers nothing but inboxes from behind a public URL, unless that is configured', async () => {
    const order = { id: 'afar', driver: 'command', settings: { command: ['cat'] } }
    const publicUrl = 'https://door.example'
    await server.stop()
    configure(home, { server: { publicUrl } })
    server = await serve(home)
    const [status, code, detail] = await refused(order)
    assert.deepEqual([status, code], [403, 'session_not_allowed'], detail)
    assert.equal((await admin.call('GET', 'sessions/afar')).status, 404)
    assert.equal((await admin.call('POST', 'sessions', { id: 'afar', driver: 'inbox' })).status, 201)
    await server.stop()
    configure(home, { server: { publicUrl }, sessions: { registerFrom: 'anywhere' } })
    server = await serve(home)
    assert.equal((await admin.call('POST', 'sessions', { ...order, replace: true })).status, 201)
  })
})
