import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { adminOf } from '../support/admin-api.ts'
import { addAsking } from '../support/asking.ts'
import { cli, scratchHome, serve } from '../support/binary.ts'
import { addCommand, configure, hooks, post, until } from '../support/hooks.ts'
import { rounds } from '../support/long.ts'
import { type Got, openReceiver } from '../support/receiver.ts'

/** Also for many rounds, and a busy machine. */
const timeout = 1_200_000

const key = `whsec_${Buffer.from('the key that notices are signed with').toString('base64')}`
const events = [
  'paused',
  'needs_input',
  'session_ended',
  'delivery_failed',
  'delivery_waiting',
  'turn_ended',
] as const
type Event = (typeof events)[number]

/** What came as JSON, its signature checked. */
const told = ({ body, headers }: Got) =>
  new Webhook(key).verify(body, headers as Record<string, string>) as {
    readonly type: string
    readonly data: Readonly<Record<string, unknown>>
  }

describe('who wants to be told', () => {
  it('is told of every kind, signed and under one webhook-id, through failures and kill -9', {
    timeout,
  }, async () => {
    const home = await scratchHome()
    const receiver = await openReceiver()
    const rule = (on: Event) => ({ on: [on], url: `${receiver.url}/${on}`, secret: key, name: on })
    configure(home, {
      ...hooks({ news: { messageTemplate: 'news', session: 'box' } }),
      retry: { baseSeconds: 0.05, capSeconds: 0.2, attempts: 100, waitingSeconds: 0.5 },
      server: { callbacks: { allow: ['127.0.0.1'] } },
      sessions: { allow: ['*'] },
      notify: events.map(rule),
    })
    await cli(['session', 'add', 'box', '--driver', 'inbox'], { home })
    await addCommand(home, 'good', 'cat')
    await addCommand(home, 'bad', 'exit 1')
    let server = await serve(home)
    const admin = adminOf(home, () => server)
    const of = (event: Event, words: string) => (got: Got) =>
      got.path === `/${event}` && got.body.includes(words)

    for (let round = 0; round < rounds(1, 25); round++) {
      const before = receiver.got.length
      await addAsking(home, `asks${round}`, '--decisions')
      for (const event of events) receiver.answers[`/${event}`] = [503]
      const turn = async (session: string, message: string) =>
        String((await post(`${server.url}/api/hooks/agent`, { session, message })).body.deliveryId)
      const [done, failed] = [await turn('good', 'go'), await turn('bad', 'go')]
      const waiting = (
        await admin.ask<{ id: string }>('POST', 'deliveries', { session: 'box', message: 'x' })
      ).id
      const { grantId } = await admin.mint({ session: 'box' })
      for (const target of [`grants/${grantId}`, 'hooks/news', 'sessions/box'])
        for (const _ of ['once', 'and again']) await admin.ask('POST', `${target}/pause`)
      await turn(`asks${round}`, 'TOOL')
      await addCommand(home, `short${round}`, 'cat')
      await cli(['session', 'end', `short${round}`], { home })
      const expected: readonly (readonly [Event, string, Readonly<Record<string, unknown>>])[] = [
        ['turn_ended', done, { session: 'good', outcome: 'completed' }],
        ['turn_ended', failed, { session: 'bad', outcome: 'failed' }],
        ['delivery_failed', failed, { session: 'bad', failedStep: 'turn' }],
        ['delivery_waiting', waiting, { session: 'box' }],
        ['paused', `grant:${grantId}`, { session: 'box', target: `grant:${grantId}` }],
        ['paused', 'hook:news', { target: 'hook:news' }],
        ['paused', 'session:box', { session: 'box', target: 'session:box' }],
        ['needs_input', `"asks${round}"`, { session: `asks${round}`, asks: 'permission: touch x' }],
        ['session_ended', `"short${round}"`, { session: `short${round}` }],
      ]
      // Each receiver gets the next only after the one before: what it was sent, and could not take, comes again.
      await Promise.all(
        events.map((event) =>
          until(`${event} is told`, () =>
            receiver.got.slice(before).find(({ path }) => path === `/${event}`),
          ),
        ),
      )
      await server.kill9()
      const seen = receiver.got.length
      server = await serve(home)
      await until('it is tried again', () => (receiver.got.length > seen + events.length ? true : undefined))
      for (const event of events) receiver.answers[`/${event}`] = [200]
      await until('all are told', async () => {
        const open = await admin.ask<readonly unknown[]>('GET', 'notices?state=pending')
        return open.length === 0 ? true : undefined
      })
      for (const [event, words, data] of expected) {
        const got = receiver.got.filter(of(event, words))
        assert.ok(got.length > 0, `${event} ${words}`)
        assert.equal(new Set(got.map(({ headers }) => headers['webhook-id'])).size, 1, `${event} ${words}`)
        for (const one of got) {
          const { type, data: said } = told(one)
          assert.equal(type, event)
          assert.deepEqual(Object.fromEntries(Object.keys(data).map((name) => [name, said[name]])), data)
        }
      }
      const happenings = await admin.ask<readonly { event: string; state: string }[]>('GET', 'notices')
      assert.deepEqual(new Set(happenings.map(({ state }) => state)), new Set(['DELIVERED']))
      for (const target of [`grants/${grantId}`, 'hooks/news', 'sessions/box'])
        await admin.ask('POST', `${target}/resume`)
      assert.equal((await cli(['session', 'end', `asks${round}`], { home })).code, 0)
    }
    receiver.close()
    await server.stop()
  })
})
