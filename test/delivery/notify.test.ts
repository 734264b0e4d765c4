import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { Webhook } from 'standardwebhooks'
import type { CallOrder } from '../../src/delivery/callback.ts'
import { createNotifier, type Notifier, type NotifierDeps } from '../../src/delivery/notify.ts'
import { Failure } from '../../src/domain/error.ts'
import type { NoticeReceiver } from '../../src/domain/notice.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { defaultRetryPolicy } from '../../src/domain/retry-policy.ts'
import { build, noon } from '../support/drafts.ts'
import { openMemoryStore } from '../support/memory-store.ts'

const taken: Outcome = { kind: 'taken', evidence: 'ack' }
const refused: Outcome = { kind: 'failed', why: 'receiver answered 500', retry: true }
const key = Buffer.from('the key that notices are signed with').toString('base64')

const receiver = (name: string, more: Partial<NoticeReceiver> = {}): NoticeReceiver => ({
  ...{ name, on: ['guess_alarm', 'needs_input'], session: '*', url: `https://${name}.example/`, secrets: [] },
  ...more,
})

describe('createNotifier', () => {
  const opened: Notifier[] = []
  afterEach(async () => {
    for (const notifier of opened.splice(0)) await notifier.close()
  })

  /** A notifier over memory, whose receivers answer as `answer` says. */
  async function bench(
    receivers: readonly NoticeReceiver[],
    answer: (order: CallOrder, signal: AbortSignal) => Promise<Outcome>,
    more: Partial<NotifierDeps> = {},
  ) {
    let now = noon
    const store = openMemoryStore(() => now)
    await store.setNoticeRules(receivers)
    const orders: CallOrder[] = []
    const lines: (readonly [event: string, fields: Readonly<Record<string, unknown>>])[] = []
    const waiting: (() => void)[] = []
    const changed = () => {
      for (const look of waiting.splice(0)) look()
    }
    const notifier = createNotifier({
      store: {
        ...store,
        settleNotice: async (id, end, at) => {
          await store.settleNotice(id, end, at)
          // Time goes on until the next attempt.
          if (end.state === 'PENDING') now = end.dueAt
          changed()
        },
      },
      receivers: () => receivers,
      caller: {
        call: async (order, signal) => {
          orders.push(order)
          changed()
          return answer(order, signal)
        },
      },
      secrets: () => [`whsec_${key}`],
      clock: { now: () => now, random: () => 1 },
      steady: () => now,
      policy: () => defaultRetryPolicy,
      log: (_, event, fields = {}) => void lines.push([event, fields]),
      decision: async () => undefined,
      ...more,
    })
    opened.push(notifier)
    /** Resolves when that holds, looked at after every call and every end. */
    const when = async (holds: () => Promise<boolean> | boolean) => {
      while (!(await holds()))
        await new Promise<void>((resolve) => {
          waiting.push(resolve)
        })
    }
    return { store, orders, lines, notifier, when }
  }

  const alarm = {
    name: 'guess_alarm',
    data: { count: 1000, withinMinutes: 60, peers: 1, door: '/hook' },
  } as const

  it('sends again under one id, each time with its own time and signature, until it is taken', async () => {
    const answers = [refused, refused, taken]
    const { store, orders, notifier, when } = await bench(
      [receiver('a')],
      async () => answers.shift() ?? taken,
    )
    await store.noteHappening(alarm)
    await when(async () => (await store.listNotices({ limit: 1, state: 'DELIVERED' })).length === 1)
    const [notice] = await store.listNotices({ limit: 1 })
    assert.equal(orders.length, 3)
    for (const { headers, url } of orders)
      assert.deepEqual([headers['webhook-id'], url], [notice?.id, 'https://a.example/'])
    assert.equal(new Set(orders.map(({ headers }) => headers['webhook-timestamp'])).size, 3)
    for (const { headers, body } of orders) {
      const sent = new Date(Number(headers['webhook-timestamp']) * 1000)
      assert.equal(headers['webhook-signature'], new Webhook(key).sign(String(notice?.id), sent, body))
    }
    assert.deepEqual(notifier.totals(), { delivered: 1, retried: 2, failed: 0 })
  })

  it('gives up after the last attempt, and says so once', async () => {
    const { store, orders, lines, when } = await bench([receiver('a')], async () => refused)
    await store.noteHappening(alarm)
    await when(async () => (await store.listNotices({ limit: 1, state: 'FAILED' })).length === 1)
    assert.equal(orders.length, defaultRetryPolicy.attempts)
    const [failed, ...others] = lines.filter(([event]) => event === 'notice.failed')
    assert.deepEqual(others, [])
    assert.equal(failed?.[1].why, 'receiver answered 500')
  })

  it('a receiver that hangs keeps no other waiting, and gets one at a time', async () => {
    const hangs = receiver('hangs')
    const { store, orders, when } = await bench([hangs, receiver('b')], ({ url }, signal) =>
      url === hangs.url
        ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(refused), { once: true }))
        : Promise.resolve(taken),
    )
    for (const _ of [1, 2, 3]) await store.noteHappening(alarm)
    await when(
      async () => (await store.listNotices({ limit: 10, rule: 'b', state: 'DELIVERED' })).length === 3,
    )
    assert.equal(orders.filter(({ url }) => url === hangs.url).length, 1)
  })

  it('what is under way at the end is sent again by the next', async () => {
    const { store, orders, notifier, when } = await bench(
      [receiver('a')],
      (_, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(refused), { once: true })),
    )
    await store.noteHappening(alarm)
    await when(() => orders.length === 1)
    await notifier.close()
    const [notice] = await store.listNotices({ limit: 1 })
    assert.deepEqual([notice?.state, notice?.failures], ['PENDING', 0])
  })

  it('mints where a decision is answered when it sends, and stores it nowhere', async () => {
    const minted: string[] = []
    const decision = async (id: string) => {
      minted.push(id)
      return { request: '{"command":"ls"}', decideUrl: `https://door.example/decide/t${minted.length}` }
    }
    const answers = [refused, taken]
    const { store, orders, lines, when } = await bench(
      [receiver('a')],
      async () => answers.shift() ?? taken,
      { decision },
    )
    const data = { kind: 'permission', asks: 'Bash: ls', since: noon, decision: 'dec_1' } as const
    await store.noteHappening({ name: 'needs_input', session: build, data })
    await when(async () => (await store.listNotices({ limit: 1, state: 'DELIVERED' })).length === 1)
    assert.deepEqual(
      orders.map(({ body }) => [JSON.parse(body).data.request, JSON.parse(body).data.decideUrl]),
      [1, 2].map((n) => ['{"command":"ls"}', `https://door.example/decide/t${n}`]),
    )
    assert.deepEqual(minted, ['dec_1', 'dec_1'])
    assert.doesNotMatch(JSON.stringify([await store.listNotices({ limit: 1 }), lines]), /door\.example/)
  })

  it('sends the headers of its rule, and lets nothing of them into the log', async () => {
    const headers = { authorization: 'Bearer tk_1', title: 'Ours' }
    const { store, orders, lines, when } = await bench(
      [receiver('a', { template: 'ntfy', headers })],
      async () => ({ kind: 'failed', why: 'receiver answered 403', retry: false }),
    )
    await store.noteHappening(alarm)
    await when(async () => (await store.listNotices({ limit: 1, state: 'FAILED' })).length === 1)
    const [{ headers: sent } = { headers: {} as CallOrder['headers'] }] = orders
    assert.deepEqual([sent.authorization, sent.title], ['Bearer tk_1', 'Ours'])
    assert.match(String(sent['webhook-id']), /^ntc_/)
    assert.doesNotMatch(JSON.stringify([lines, await store.listNotices({ limit: 1 })]), /tk_1/)
  })

  it('uses the secrets of its rule where it has some', async () => {
    const own = Buffer.from('the key of one receiver alone, longer').toString('base64')
    const { store, orders, when } = await bench(
      [receiver('a', { secrets: [`whsec_${own}`] })],
      async () => taken,
    )
    await store.noteHappening(alarm)
    await when(async () => (await store.listNotices({ limit: 1, state: 'DELIVERED' })).length === 1)
    const [{ headers, body } = { headers: {} as CallOrder['headers'], body: '' }] = orders
    const sent = new Date(Number(headers['webhook-timestamp']) * 1000)
    const expected = new Webhook(own).sign(String(headers['webhook-id']), sent, body)
    assert.equal(headers['webhook-signature'], expected)
  })

  it('goes on when what is due cannot be read for a while', async () => {
    let broken = true
    const store = openMemoryStore(() => noon)
    const { lines, orders, when } = await bench([receiver('a')], async () => taken, {
      store: {
        ...store,
        dueNotices: async (...args) => {
          if (!broken) return store.dueNotices(...args)
          broken = false
          throw new Failure('store_unavailable', 'The disk is full.')
        },
      },
    })
    await store.setNoticeRules([receiver('a')])
    await store.noteHappening(alarm)
    await when(() => orders.length === 1)
    assert.ok(lines.some(([event]) => event === 'notices.unread'))
  })
})
