import assert from 'node:assert/strict'
import { decisionIdOf, mostClosed, mostOpen, type NewDecision } from '../../../src/domain/decision.ts'
import { build, draftOf, noon, sessionCalled } from '../../support/drafts.ts'
import { type Bench, type Check, refuses } from './harness.ts'

const batch = mostOpen - 4
let last = 0
const draft = (
  request: Partial<NewDecision['request']> = {},
  rest: Partial<NewDecision> = {},
): NewDecision => ({
  id: decisionIdOf((++last).toString(16).padStart(16, '0')),
  session: build,
  generation: 'g1',
  request: {
    id: `call ${last}`,
    kind: 'permission',
    title: 'Bash: ls',
    detail: '{"command":"ls"}',
    ...request,
  },
  openedAt: noon,
  expiresAt: noon + 60_000,
  ...rest,
})

const asking = ({ store }: Bench) =>
  store.openSession(sessionCalled(build, { decisions: true }), { replace: false })

export function testDecisions(check: Check): void {
  check('openDecision keeps every member and shows it to the other process', async (bench) => {
    const { store, other } = bench
    await asking(bench)
    const wanted = draft({}, { asker: '4711 12' })
    const opened = await store.openDecision(wanted)
    assert.deepEqual(opened, { ...wanted, state: 'open' })
    assert.deepEqual(await other.findDecision(wanted.id), opened)
    assert.deepEqual(await other.listDecisions({ open: true, limit: 9 }), [opened])
    assert.deepEqual(await store.openDecision(draft({ id: wanted.request.id })), opened)
  })

  check('openDecision is for the opening that asks, where its configuration says so', async (bench) => {
    const { store } = bench
    await refuses('session_missing', store.openDecision(draft()))
    await store.openSession(sessionCalled(build), { replace: false })
    await refuses('session_not_allowed', store.openDecision(draft()))
    await store.openSession(sessionCalled(build, { decisions: true }), { replace: true })
    await refuses('session_ended', store.openDecision(draft({}, { generation: 'g0' })))
    await store.endSession(build, 'g1', { at: noon })
    await refuses('session_ended', store.openDecision(draft()))
    assert.deepEqual(await store.listDecisions({ limit: 9 }), [])
  })

  check('openDecision cuts what is too long, and bounds what one session asks', async (bench) => {
    const { store } = bench
    await asking(bench)
    const long = await store.openDecision(draft({ title: 'a\nb', detail: `begin${'ä'.repeat(20_000)}end` }))
    assert.equal(long.request.title, 'a b')
    assert.ok(Buffer.byteLength(long.request.detail) <= 16_384)
    assert.match(long.request.detail, /^beginä+\n… \d+ bytes are left out here …\nä+end$/)
    for (let i = 1; i < mostOpen; i++) await store.openDecision(draft())
    await refuses('queue_full', store.openDecision(draft()))
  })

  check('decide is told first, and is closed once it was applied', async (bench) => {
    const { store, other } = bench
    await asking(bench)
    const { id } = await store.openDecision(draft())
    const deciding = await other.decide(id, 'allow', 'url', noon + 1)
    assert.deepEqual([deciding.state, deciding.verdict, deciding.door], ['deciding', 'allow', 'url'])
    await refuses('decided_already', store.decide(id, 'deny', 'cli', noon + 2))
    assert.equal((await store.closeDecision(id, { how: 'expired' }, noon + 3))?.state, 'deciding')
    const closed = await store.closeDecision(id, { how: 'applied' }, noon + 4)
    assert.deepEqual([closed?.state, closed?.closedAt], ['allowed', noon + 4])
    assert.deepEqual(await store.closeDecision(id, { how: 'withdrawn', why: 'gone' }, noon + 5), closed)
    assert.deepEqual(await store.listDecisions({ open: true, limit: 9 }), [])
    await refuses('not_found', store.decide(decisionIdOf('f'.repeat(16)), 'allow', 'cli', noon))
  })

  check('decide is refused for what was answered elsewhere, withdrawn or too late', async (bench) => {
    const { store } = bench
    await asking(bench)
    const [desk, gone, late] = [draft(), draft(), draft()]
    for (const one of [desk, gone, late]) await store.openDecision(one)
    await store.closeDecision(desk.id, { how: 'elsewhere', why: 'allowed at the desk' }, noon + 1)
    await store.closeDecision(gone.id, { how: 'withdrawn', why: 'its turn was over' }, noon + 1)
    for (const { id } of [desk, gone])
      await refuses('decided_already', store.decide(id, 'allow', 'cli', noon + 2))
    await refuses('decided_already', store.decide(late.id, 'allow', 'cli', noon + 60_000))
    const found = await store.findDecision(desk.id)
    assert.deepEqual(
      [found?.state, found?.why, found?.verdict],
      ['elsewhere', 'allowed at the desk', undefined],
    )
    assert.equal((await store.closeDecision(late.id, { how: 'expired' }, noon + 60_000))?.state, 'expired')
  })

  check('the delivery under way, or the one that is named, shows request and decision', async (bench) => {
    const { store, now } = bench
    await asking(bench)
    const { delivery } = await store.recordDelivery(
      draftOf({ session: build, source: { kind: 'admin' }, lease: { leaseMs: 9 } }),
    )
    const one = await store.openDecision(draft())
    assert.equal(one.request.delivery, delivery.id)
    await store.decide(one.id, 'deny', 'cli', now)
    await store.closeDecision(one.id, { how: 'applied' }, now)
    const other = await store.openDecision(draft({ delivery: delivery.id }))
    await store.closeDecision(other.id, { how: 'expired' }, now)
    const record = await store.inspectDelivery(delivery.id)
    assert.deepEqual(
      record?.events.flatMap(({ kind, detail }) =>
        kind === 'asked' || kind === 'decided' ? [[kind, detail]] : [],
      ),
      [
        ['asked', `permission: Bash: ls (${one.id})`],
        ['decided', `Bash: ls (${one.id}): It was denied on the command line.`],
        ['asked', `permission: Bash: ls (${other.id})`],
        ['decided', `Bash: ls (${other.id}): Nobody decided in time.`],
      ],
    )
  })

  check('the end of a session, and another opening of it, withdraw what it asks', async (bench) => {
    const { store } = bench
    await asking(bench)
    const first = await store.openDecision(draft())
    await store.openSession(sessionCalled(build, { decisions: true, generation: 'g2' }), { replace: true })
    const second = await store.openDecision(draft({}, { generation: 'g2' }))
    await store.endSession(build, 'g2', { at: noon })
    const states = await Promise.all([first, second].map(({ id }) => store.findDecision(id)))
    assert.deepEqual(
      states.map((found) => [found?.state, found?.why]),
      [
        ['withdrawn', 'the session was opened anew'],
        ['withdrawn', 'the session ended'],
      ],
    )
  })

  check(
    'listDecisions finds by session and by the beginning of an id, newest first, and keeps so many',
    async (bench) => {
      const { store } = bench
      await asking(bench)
      const [one, two] = [await store.openDecision(draft()), await store.openDecision(draft())]
      const ids = async (filter: object) =>
        (await store.listDecisions({ limit: 9, ...filter })).map(({ id }) => id)
      assert.deepEqual(await ids({}), [two.id, one.id])
      assert.deepEqual(await ids({ limit: 1 }), [two.id])
      assert.deepEqual(await ids({ idPrefix: one.id }), [one.id])
      assert.deepEqual(await ids({ session: 'other' }), [])
      await store.closeDecision(one.id, { how: 'expired' }, noon)
      assert.deepEqual(await ids({ open: true }), [two.id])
      for (let left = mostClosed; left > 0; left -= batch) {
        const drafts = Array.from({ length: Math.min(batch, left) }, () => draft())
        await Promise.all(drafts.map((each) => store.openDecision(each)))
        await Promise.all(drafts.map((each) => store.closeDecision(each.id, { how: 'expired' }, noon)))
      }
      await store.openDecision(draft())
      assert.equal(await store.findDecision(one.id), undefined)
      assert.equal((await store.findDecision(two.id))?.state, 'open')
    },
  )
}
