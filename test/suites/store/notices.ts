import assert from 'node:assert/strict'
import type { Delivery } from '../../../src/domain/delivery.ts'
import { parseHostName } from '../../../src/domain/host.ts'
import {
  gaveWay,
  type HappeningName,
  mostWaitingNotices,
  type NoticeRule,
  ruleGone,
} from '../../../src/domain/notice.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import { pauseOfHook, pauseOfSession } from '../../../src/domain/pause.ts'
import type { Draft, Store } from '../../../src/domain/ports.ts'
import type { SessionId } from '../../../src/domain/session.ts'
import { settle } from '../../../src/domain/settle.ts'
import { build, draftOf, inbox, noon, sessionCalled } from '../../support/drafts.ts'
import type { Check } from './harness.ts'

const all: NoticeRule = {
  name: 'all',
  on: ['needs_input', 'turn_ended', 'session_ended', 'delivery_failed', 'delivery_waiting', 'guess_alarm'],
  session: '*',
}
const only = (on: HappeningName, session = '*'): NoticeRule => ({
  name: `${on} of ${session}`,
  on: [on],
  session,
})

const asked = (asks: string, since = noon, toldSince = false) => ({ asks, since, toldSince })

async function told(store: Store) {
  const notices = await store.listNotices({ limit: 100_000 })
  return notices.toReversed().map(({ rule, event: { name, data } }) => ({ rule, name, data }))
}

const names = async (store: Store) => (await told(store)).map(({ name }) => name)

async function ended(store: Store, outcome: Outcome, about: Partial<Draft> = {}): Promise<Delivery> {
  const draft = draftOf({ session: build, action: 'turn', lease: { leaseMs: 1000 }, ...about })
  const { delivery, leased } = await store.recordDelivery(draft)
  assert.ok(leased)
  await store.settleDelivery(delivery.id, 1, settle(delivery, outcome, noon + 5, 0), noon + 5)
  return delivery
}

export function testNotices(plain: Check): void {
  const check: Check = (title, act) =>
    plain(title, async (bench) => {
      await bench.store.openSession(sessionCalled(build), { replace: false })
      await act(bench)
    })

  check('without a rule that wants it nothing that happens is written down', async ({ store, other }) => {
    for (const rules of [[], [only('guess_alarm')], [only('turn_ended', 'another')]]) {
      await store.setNoticeRules(rules)
      await ended(other, { kind: 'completed' })
      await store.noteInput(build, 'g1', asked('permission: ls'))
      assert.deepEqual(await other.listNotices({ limit: 10 }), [])
    }
  })

  check('settleDelivery tells how a turn ended, and that a delivery failed', async ({ store, other }) => {
    await store.setNoticeRules([all])
    const done = await ended(other, { kind: 'completed', answer: 'a secret answer' })
    const failed = await ended(other, { kind: 'turn_failed', why: 'refusal', detail: 'it refused' })
    await ended(other, { kind: 'taken', evidence: 'ack' }, { action: 'input' })
    await ended(other, { kind: 'busy', why: 'a turn runs' }, { action: 'input' })
    assert.deepEqual(await told(store), [
      { rule: 'all', name: 'turn_ended', data: { delivery: done.id, outcome: 'completed' } },
      {
        rule: 'all',
        name: 'turn_ended',
        data: { delivery: failed.id, outcome: 'failed', failedStep: 'turn' },
      },
      { rule: 'all', name: 'delivery_failed', data: { delivery: failed.id, failedStep: 'turn' } },
    ])
  })

  check('recordDelivery tells of a message that never came to be', async ({ store }) => {
    await store.setNoticeRules([only('delivery_failed', 'bui*')])
    const failed = { step: 'template', detail: 'blank' } as const
    const { delivery } = await store.recordDelivery(draftOf({ session: build, failed }))
    assert.deepEqual(await told(store), [
      {
        rule: 'delivery_failed of bui*',
        name: 'delivery_failed',
        data: { delivery: delivery.id, failedStep: 'template' },
      },
    ])
  })

  check('endSession and openSession tell of an opening that is over, once', async ({ store, other }) => {
    await store.setNoticeRules([all])
    await other.endSession(build, 'g1', { at: noon, exitCode: 3, why: 'its process ended' })
    await other.endSession(build, 'g1', { at: noon })
    await store.openSession(sessionCalled(build, { generation: 'g2' }), { replace: false })
    await store.openSession(sessionCalled(build, { generation: 'g3' }), { replace: true })
    assert.deepEqual(
      (await told(store)).map(({ data }) => data),
      [
        { generation: 'g1', exitCode: 3, why: 'its process ended' },
        { generation: 'g2', why: 'another took its place' },
      ],
    )
    const host = (await store.addHost(parseHostName('laptop'), 'cafe', noon)).name
    await store.openSession(sessionCalled(build, { generation: 'g4', host }), { replace: true })
    const { data } = (await told(store)).at(-1) ?? assert.fail()
    assert.deepEqual(data, { generation: 'g3', why: 'another took its place, on the host "laptop"' })
  })

  check('noteInput tells each question of an opening once', async ({ store, other }) => {
    await store.setNoticeRules([only('needs_input')])
    const ask = (...args: Parameters<typeof asked>) => store.noteInput(build, 'g1', asked(...args))
    await ask('permission: ls')
    await other.noteInput(build, 'g1', asked('permission: ls', noon + 1000))
    await ask('question: which?')
    await ask('permission: ls', noon + 2000)
    await store.noteInput(build, 'g1', undefined)
    await ask('permission: ls', noon + 3000)
    await ask('permission: ls', noon + 4000, true)
    await ask('permission: ls', noon + 4000, true)
    await store.noteInput(build, 'g2', asked('permission: ls'))
    const seen = (await told(other)).map(({ data: { kind, asks, since } }) => [
      kind,
      asks,
      Number(since) - noon,
    ])
    assert.deepEqual(seen, [
      ['permission', 'permission: ls', 0],
      ['question', 'question: which?', 0],
      ['permission', 'permission: ls', 2000],
      ['permission', 'permission: ls', 3000],
      ['permission', 'permission: ls', 4000],
      ['permission', 'permission: ls', 0],
    ])
  })

  check('noteWaiting tells of the oldest message of a session, once', async (bench) => {
    const { store, other } = bench
    await store.setNoticeRules([only('delivery_waiting')])
    const { delivery } = await store.recordDelivery(draftOf({ session: build }))
    await store.recordDelivery(draftOf({ session: build }))
    await store.recordDelivery(draftOf({ session: build, receivedAt: noon + 60_000 }))
    await store.noteWaiting(noon - 1)
    assert.deepEqual(await told(store), [])
    await store.noteWaiting(noon + 1000)
    await other.noteWaiting(noon + 2000)
    const data = { delivery: delivery.id, since: noon, waiting: 3 }
    assert.deepEqual(await told(other), [{ rule: 'delivery_waiting of *', name: 'delivery_waiting', data }])
    const [leased] = await store.claimDue({ now: noon, leaseMs: 1000, limit: 1, except: [] })
    assert.equal(leased?.id, delivery.id)
    await store.noteWaiting(noon + 100_000)
    assert.equal((await told(other)).length, 1, 'what is under way waits no more')
  })

  check('noteWaiting tells of what is paused, too: what nobody resumes expires', async (bench) => {
    const { store, other } = bench
    await store.setNoticeRules([only('delivery_waiting')])
    const byHook = draftOf({ session: build, source: { kind: 'hook', hook: 'github' } })
    await other.pause(pauseOfHook('github'), noon)
    const { delivery: ofHook } = await store.recordDelivery(byHook)
    await store.recordDelivery(draftOf({ session: build }))
    const { delivery: ofSession } = await store.recordDelivery(draftOf({ session: inbox }))
    await other.pause(pauseOfSession(inbox), noon)
    for (const at of [noon + 1000, noon + 2000]) await store.noteWaiting(at)
    const found = (await told(other))
      .map(({ data }) => data)
      .toSorted((a, b) => Number(b.waiting) - Number(a.waiting))
    assert.deepEqual(found, [
      { delivery: ofHook.id, heldBecause: 'paused', since: noon, waiting: 2 },
      { delivery: ofSession.id, heldBecause: 'paused', since: noon, waiting: 1 },
    ])
  })

  check('a happening makes a notice for each rule it fits', async ({ store, other }) => {
    const rules = [all, only('guess_alarm'), only('guess_alarm', 'build'), only('session_ended', '*.ci')]
    await store.setNoticeRules(rules)
    await other.noteHappening({ name: 'guess_alarm', data: { count: 1000 } })
    await store.noteHappening({ name: 'session_ended', session: 'a.ci' as SessionId, data: {} })
    await store.noteHappening({ name: 'session_ended', session: 'axci' as SessionId, data: {} })
    const rulesTold = (await told(store)).map(({ rule, name }) => [rule, name])
    assert.deepEqual(rulesTold, [
      ['all', 'guess_alarm'],
      ['guess_alarm of *', 'guess_alarm'],
      ['all', 'session_ended'],
      ['session_ended of *.ci', 'session_ended'],
      ['all', 'session_ended'],
    ])
    await other.setNoticeRules([])
    await store.noteHappening({ name: 'guess_alarm', data: {} })
    assert.equal((await told(store)).length, rulesTold.length)
  })

  check('dueNotices and settleNotice: a notice under one id until it is settled', async (bench) => {
    const { store, other } = bench
    const rule = 'guess_alarm of *'
    await store.setNoticeRules([only('guess_alarm'), only('session_ended')])
    for (const count of [1, 2]) await store.noteHappening({ name: 'guess_alarm', data: { count } })
    await store.noteHappening({ name: 'session_ended', session: build, data: {} })
    const [first, ended, ...more] = await store.dueNotices(noon, [rule, 'session_ended of *', 'none'])
    assert.deepEqual(more, [])
    assert.match(first?.id ?? '', /^ntc_[0-9a-f]{24}$/)
    assert.deepEqual([first?.event.data, ended?.event.session], [{ count: 1 }, build])
    assert.ok(first)
    assert.deepEqual(await store.dueNotices(noon - 1, [rule]), [])
    const retry = { state: 'PENDING', failures: 1, detail: 'answered 500', dueAt: noon + 1000 } as const
    await store.settleNotice(first.id, retry, noon)
    const [second] = await other.dueNotices(noon + 1000, [rule])
    assert.ok(second && second.id !== first.id)
    await store.settleNotice(second.id, { state: 'FAILED', failures: 1, detail: 'answered 410' }, noon + 3000)
    const again = await other.dueNotices(noon + 1000, [rule])
    assert.deepEqual(again, [{ ...first, failures: 1, detail: 'answered 500', dueAt: noon + 1000 }])
    await store.settleNotice(first.id, { state: 'DELIVERED' }, noon + 2000)
    await store.settleNotice(first.id, { state: 'FAILED', failures: 2, detail: 'late' }, noon + 3000)
    const listed = await other.listNotices({ limit: 10, rule })
    assert.deepEqual(
      listed.map(({ state, settledAt, detail }) => [state, settledAt, detail]),
      [
        ['FAILED', noon + 3000, 'answered 410'],
        ['DELIVERED', noon + 2000, undefined],
      ],
    )
    assert.deepEqual(await other.listNotices({ limit: 10, state: 'DELIVERED' }), listed.slice(1))
    assert.deepEqual(await other.listNotices({ limit: 10, after: second.seq }), listed.slice(1))
    assert.deepEqual(await other.listNotices({ limit: 10, rule: 'none' }), [])
    const others = { rule: 'session_ended of *', waiting: 1, failed: 0 }
    assert.deepEqual(await store.noticeHealth(noon), [
      { rule, waiting: 0, failed: 1, detail: 'answered 410' },
      others,
    ])
    assert.deepEqual(await store.noticeHealth(noon + 4000), [{ rule, waiting: 0, failed: 0 }, others])
    await store.purgeNotices(noon + 2500)
    assert.deepEqual(await other.listNotices({ limit: 10, rule }), listed.slice(0, 1))
  })

  check('setNoticeRules fails what waits for a rule that is gone', async ({ store, other }) => {
    await store.setNoticeRules([only('guess_alarm'), only('session_ended')])
    await store.noteHappening({ name: 'guess_alarm', data: {} })
    await store.noteHappening({ name: 'session_ended', session: build, data: {} })
    await other.setNoticeRules([only('session_ended')])
    const listed = await store.listNotices({ limit: 10 })
    assert.deepEqual(
      listed.map(({ state, detail, settledAt }) => [state, detail, settledAt]),
      [
        ['PENDING', undefined, undefined],
        ['FAILED', ruleGone, noon],
      ],
    )
  })

  check('a receiver that takes nothing keeps the newest notices alone waiting', async ({ store, other }) => {
    await store.setNoticeRules([only('guess_alarm')])
    const many = Array.from({ length: mostWaitingNotices + 2 }, (_, count) =>
      store.noteHappening({ name: 'guess_alarm', data: { count } }),
    )
    await Promise.all(many)
    const [health] = await other.noticeHealth(0)
    assert.deepEqual([health?.waiting, health?.failed, health?.detail], [mostWaitingNotices, 2, gaveWay])
    const [oldest] = await other.dueNotices(noon, ['guess_alarm of *'])
    assert.equal(oldest?.event.data.count, 2)
  })

  check('purgeNotices forgets no question that is still open', async ({ store }) => {
    await store.setNoticeRules([only('needs_input'), only('guess_alarm')])
    await store.noteInput(build, 'g1', asked('permission: ls'))
    await store.noteHappening({ name: 'guess_alarm', data: {} })
    for (const { id } of await store.listNotices({ limit: 10 }))
      await store.settleNotice(id, { state: 'DELIVERED' }, noon)
    await store.noteInput(build, 'g1', asked('permission: ls', noon + 1))
    assert.deepEqual(await names(store), ['needs_input', 'guess_alarm'])
  })
}
