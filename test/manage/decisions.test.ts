import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AgentRequest, Decided, DecisionId, NewDecision } from '../../src/domain/decision.ts'
import { Failure } from '../../src/domain/error.ts'
import { createAgentRequests } from '../../src/manage/agent-requests.ts'
import { decide, findDecision } from '../../src/manage/decisions.ts'
import { build, noon, sessionCalled } from '../support/drafts.ts'
import { createMemoryState, openMemoryStore } from '../support/memory-store.ts'

const session = sessionCalled(build, { decisions: true })
const request: AgentRequest = { id: '1', kind: 'permission', title: 'Bash: ls', detail: 'ls' }

/** A server and another process on one store. */
async function openBench(withinMs = 60_000) {
  const state = createMemoryState()
  const [store, other] = [openMemoryStore(() => noon, state), openMemoryStore(() => noon, state)]
  await store.openSession(session, { replace: false })
  const clock = { now: () => noon, bytes: (n: number) => crypto.getRandomValues(new Uint8Array(n)) }
  const deps = { clock, withinMs: () => withinMs, log: () => {} }
  const requests = createAgentRequests({ ...deps, store })
  const tools = requests.toolsFor(session)
  assert.ok(tools)
  const opened = async (wanted: Partial<AgentRequest> = {}) => {
    const open = tools.open({ ...request, ...wanted })
    await requests.idle()
    const [newest] = await store.listDecisions({ limit: 1 })
    assert.ok(newest)
    return { open, id: newest.id }
  }
  const stateOf = async (id: DecisionId) => {
    const found = await store.findDecision(id)
    return [found?.state, found?.why ?? found?.door]
  }
  return { ...{ store, other, clock, requests, tools, opened, stateOf, deps } }
}

const refusal = (act: Promise<unknown>) =>
  act.then(
    () => assert.fail('it was not refused'),
    (thrown: unknown) => {
      assert.ok(thrown instanceof Failure)
      return [thrown.code, thrown.message]
    },
  )

test('toolsFor is there only where the session says decisions', async () => {
  const { requests } = await openBench()
  assert.equal(requests.toolsFor(sessionCalled(build)), undefined)
})

test('decide resolves after the driver has applied it, and one request is decided once', async () => {
  const { requests, opened, stateOf } = await openBench()
  const { open, id } = await opened()
  const deciding = requests.decide({ id, verdict: 'allow', door: 'url' })
  const decided = await open.decided
  assert.equal(decided?.verdict, 'allow')
  assert.deepEqual(await stateOf(id), ['deciding', 'url'])
  assert.deepEqual(await refusal(requests.decide({ id, verdict: 'deny', door: 'cli' })), [
    'decided_already',
    'It was allowed by its link just now, and the agent is being told.',
  ])
  decided?.applied()
  assert.equal((await deciding).state, 'allowed')
  assert.deepEqual(await refusal(requests.decide({ id, verdict: 'deny', door: 'cli' })), [
    'decided_already',
    'It was allowed by its link.',
  ])
})

test('a request is put before people once the store can be reached, and tried no longer than it may wait', async () => {
  const { store, deps } = await openBench()
  let isAway = true
  const away = {
    ...store,
    openDecision: async (draft: NewDecision) => {
      if (isAway) throw new Failure('store_unavailable', 'The door cannot be reached.')
      return store.openDecision(draft)
    },
  }
  const short = createAgentRequests({ ...deps, store: away, withinMs: () => 20 }).toolsFor(session)
  assert.equal(await short?.open(request).decided, undefined)
  const left = createAgentRequests({ ...deps, store: away })
  left.toolsFor(session)?.open(request).close('withdrawn', 'its turn is over')
  await left.idle()
  const requests = createAgentRequests({ ...deps, store: away })
  const open = requests.toolsFor(session)?.open(request)
  assert.deepEqual(await store.listDecisions({ limit: 10 }), [])
  isAway = false
  await requests.idle()
  const [one] = await store.listDecisions({ limit: 10 })
  assert.ok(one)
  void requests.decide({ id: one.id, verdict: 'allow', door: 'cli' })
  const decided = await open?.decided
  assert.equal(decided?.verdict, 'allow')
  decided?.applied()
  await requests.idle()
})

test('decide says what happened when the driver comes too late', async () => {
  const { requests, opened, stateOf } = await openBench()
  const { open, id } = await opened()
  const deciding = refusal(requests.decide({ id, verdict: 'allow', door: 'api' }))
  const decided = await open.decided
  decided?.applied('denied at the desk')
  assert.deepEqual(await deciding, [
    'decided_already',
    'It was answered where the agent runs: denied at the desk.',
  ])
  assert.deepEqual(await stateOf(id), ['elsewhere', 'denied at the desk'])
})

test('decisions out of order land where they belong', async () => {
  const { requests, opened } = await openBench()
  const [x, y] = [await opened({ id: 'x' }), await opened({ id: 'y' })]
  const second = requests.decide({ id: y.id, verdict: 'deny', door: 'api' })
  const decided = await y.open.decided
  decided?.applied()
  assert.equal((await second).state, 'denied')
  const first = requests.decide({ id: x.id, verdict: 'allow', door: 'api' })
  const later: Decided | undefined = await x.open.decided
  later?.applied()
  assert.equal((await first).state, 'allowed')
})

test('another process decides, and the one that asks is told by follow', async () => {
  const { requests, opened, other, clock } = await openBench()
  const { open, id } = await opened()
  const looks: (() => void)[] = []
  const nextLook = () => new Promise<void>((resolve) => void looks.push(resolve))
  const deciding = decide({ store: other, clock, nextLook }, { id, verdict: 'deny', door: 'cli' })
  void open.decided.then((decided) => {
    assert.equal(decided?.verdict, 'deny')
    decided?.applied()
  })
  while ((await other.findDecision(id))?.state !== 'deciding') await Promise.resolve()
  await requests.follow()
  await open.decided
  await requests.idle()
  for (const look of looks) look()
  assert.equal((await deciding).state, 'denied')
})

test('a request that nobody decides in time is over, and one that is closed stays so', async () => {
  const { requests, opened, tools, store, stateOf } = await openBench(1)
  const late = await opened()
  assert.equal(await late.open.decided, undefined)
  await requests.idle()
  assert.deepEqual(await stateOf(late.id), ['expired', undefined])
  const gone = tools.open({ ...request, id: '2' }, 60_000)
  gone.close('elsewhere', 'allowed at the desk')
  assert.equal(await gone.decided, undefined)
  await requests.idle()
  const [newest] = await store.listDecisions({ limit: 1 })
  assert.ok(newest)
  assert.deepEqual(await stateOf(newest.id), ['elsewhere', 'allowed at the desk'])
  assert.equal(
    (await refusal(requests.decide({ id: newest.id, verdict: 'allow', door: 'url' })))[0],
    'decided_already',
  )
})

test('what cannot be put before people is not decided, and leaves nothing', async () => {
  const { requests, tools, store } = await openBench()
  await store.endSession(build, session.generation, { at: noon })
  assert.equal(await tools.open(request).decided, undefined)
  await requests.idle()
  assert.deepEqual(await store.listDecisions({ limit: 9 }), [])
})

test('sweep withdraws what an earlier server, or a process that is gone, has asked', async () => {
  const { requests, opened, other, deps, stateOf } = await openBench()
  const ours = await opened()
  const before = createAgentRequests({ ...deps, store: other }).toolsFor(session)
  const relays = ['4711 1', '4712 1'].map((asker) => createAgentRequests({ ...deps, store: other, asker }))
  before?.open({ ...request, id: 'before' })
  for (const [i, relay] of relays.entries()) {
    relay.toolsFor(session)?.open({ ...request, id: `relay ${i}` })
    await relay.idle()
  }
  await requests.sweep(async (asker) => asker === '4712 1')
  const all = await other.listDecisions({ limit: 9 })
  const states = all.map(({ request: { id }, state, why }) => [id, state, why])
  assert.deepEqual(states, [
    ['relay 1', 'open', undefined],
    ['relay 0', 'withdrawn', 'the process that asked is gone'],
    ['before', 'withdrawn', 'the server that asked has ended'],
    ['1', 'open', undefined],
  ])
  assert.deepEqual(await stateOf(ours.id), ['open', undefined])
})

test('sweep leaves half a minute to find out whether the answer of a hook that ended counted', async () => {
  const { requests, other, deps, clock, stateOf } = await openBench()
  const relay = createAgentRequests({ ...deps, store: other, asker: '4711 1' })
  relay.toolsFor(session)?.open(request)
  await relay.idle()
  const [asked] = await other.listDecisions({ limit: 1 })
  assert.ok(asked)
  await other.decide(asked.id, 'allow', 'url', noon)
  const sweep = () => requests.sweep(async () => false)
  await sweep()
  await sweep()
  assert.equal((await stateOf(asked.id))[0], 'deciding')
  clock.now = () => noon + 30_000
  await sweep()
  assert.deepEqual(await stateOf(asked.id), ['withdrawn', 'the process that asked is gone'])
})

test('findDecision takes the beginning of an id', async () => {
  const { opened, store } = await openBench()
  const { id } = await opened()
  for (const spelling of [id, id.slice(4), id.slice(0, 10), id.slice(4, 12)])
    assert.equal((await findDecision(store, spelling)).id, id)
  assert.equal((await refusal(findDecision(store, 'dec_12')))[0], 'usage')
  assert.equal((await refusal(findDecision(store, `${id}0`)))[0], 'usage')
  const other = id.endsWith('0') ? `${id.slice(0, -1)}1` : `${id.slice(0, -1)}0`
  assert.equal((await refusal(findDecision(store, other)))[0], 'not_found')
})
