import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { History, HistoryStep } from '../../../../src/domain/history.ts'
import { spanUntil } from '../../../../src/domain/history.ts'
import { chartPart, createHistories } from '../../../../src/http/dashboard/chart/chart.ts'
import { createLatencyScale, niceTop } from '../../../../src/http/dashboard/chart/scale.ts'
import { noon } from '../../../support/drafts.ts'

const now = noon + 30 * 60_000
const nothing: HistoryStep = { stored: [], taken: [], failed: {} }
const some: HistoryStep = {
  stored: [[2, 100]],
  taken: [
    [200, 90],
    [5000, 1],
  ],
  failed: { turn: 7, expired: 2 },
}

function histories(filled: Readonly<Record<number, HistoryStep>>, more: Partial<History> = {}) {
  let asked = 0
  const history = async (_from: number, _stepMs: number, steps: number) => {
    asked += 1
    return { steps: Array.from({ length: steps }, (_, i) => filled[i] ?? nothing), ...more }
  }
  return { of: createHistories({ store: { history } as never, now: () => now }), asked: () => asked }
}

const at = (name: string | null) => `/dashboard?chart=${name}`

test('chartPart draws nothing where nothing knocked for a day, and a small chart where something did', async () => {
  assert.deepEqual(await chartPart(histories({}).of, undefined, at), { spark: null, chart: null })
  const { spark } = await chartPart(
    histories({ 21: { ...nothing, stored: [[1, 1]] }, 23: some }).of,
    undefined,
    at,
  )
  assert.equal(spark?.caption, '24 hours: 101 knocks, 9 failed')
  assert.equal(spark?.href, '/dashboard?chart=24h')
  const hours = spark?.hours as { x: number; bars: { h: number; tone: string }[] }[]
  assert.deepEqual(
    hours.flatMap(({ x, bars }) => bars.map(({ h, tone }) => [x, h, tone])),
    [
      [211, 1.5, 'all'],
      [231, 26, 'all'],
      [231, 2.3, 'failed'],
    ],
  )
})

test('chartPart says each step in words, and leads to what it counts', async () => {
  const { chart } = await chartPart(histories({ 0: some }).of, '24h', at)
  const steps = chart?.steps as {
    when: string
    counts: string
    latency: string
    href: string
    failures: { pattern: string; href: string }[]
    others: object | null
  }[]
  assert.equal(steps.length, 24)
  const [first, second] = steps
  assert.equal(first?.when, '21 Nov 13:00 to 14:00 UTC')
  assert.equal(first?.counts, '100 knocks, 9 failed: turn failed 7, waited too long 2')
  assert.equal(first?.latency, 'Stored p50 2 ms, p99 2 ms; taken p50 200 ms, p99 5 s')
  assert.equal(first?.href, '/dashboard?chart=24h&since=2026-11-21T13%3A00Z&until=2026-11-21T14%3A00Z')
  assert.deepEqual(
    first?.failures.map(({ pattern, href }) => [pattern, new URLSearchParams(href).get('failedStep')]),
    [
      ['turn', 'turn'],
      ['expired', 'expired'],
    ],
  )
  assert.deepEqual([second?.href, second?.failures, second?.others], [null, [], null])
  assert.equal(chart?.caption, 'Last 24 hours: 100 knocks, 9 failed: turn failed 7, waited too long 2')
  assert.equal((chart?.rows as unknown[] | undefined)?.length, 1)
})

test('chartPart says since when it counts, and what was erased', async () => {
  const { from, stepMs } = spanUntil('7d', now)
  const since = from + 2 * stepMs
  const view = async (more: Partial<History>) =>
    (await chartPart(histories({ 9: some }, more).of, '7d', at)).chart
  const day = { at: new Date(since).toISOString() }
  const partly = (part: unknown) => part && { at: (part as { at: string }).at }
  const fresh = await view({ since, oldestKept: since + 5000 })
  assert.deepEqual([partly(fresh?.since), fresh?.erased], [day, null])
  const old = await view({ since: from - stepMs, oldestKept: since })
  assert.deepEqual([old?.since, partly(old?.erased)], [null, day])
})

test('chartPart of an empty home is an empty chart', async () => {
  const { chart } = await chartPart(histories({}).of, '30d', at)
  assert.deepEqual([chart?.lines, chart?.latency, chart?.rows], [null, null, []])
  assert.equal((chart?.steps as unknown[] | undefined)?.length, 30)
})

test('createHistories looks once for all who look within five seconds', async () => {
  const { of, asked } = histories({ 23: some })
  await Promise.all([of('24h'), of('24h'), of('7d'), of('24h')])
  assert.equal(asked(), 2)
})

test('createHistories keeps nobody waiting who looked a moment before', async () => {
  let at = now
  const asked: ((history: History) => void)[] = []
  const history = () => new Promise<History>((answer) => asked.push(answer))
  const of = createHistories({ store: { history } as never, now: () => at })
  const first = of('24h')
  asked[0]?.({ steps: [], since: 1 })
  assert.equal((await first).since, 1)
  at += 6000
  assert.equal((await of('24h')).since, 1)
  assert.equal((await of('24h')).since, 1)
  assert.equal(asked.length, 2)
  asked[1]?.({ steps: [], since: 2 })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal((await of('24h')).since, 2)
  at += 31_000
  const late = of('24h')
  asked[2]?.({ steps: [], since: 3 })
  assert.equal((await late).since, 3)
})

test('niceTop ends an axis of counts at a whole number with a whole half', () => {
  for (const [most, top] of [
    [0, 1],
    [1, 1],
    [2, 2],
    [3, 4],
    [7, 8],
    [9, 10],
    [11, 20],
    [61, 80],
    [1204, 2000],
  ] as const)
    assert.equal(niceTop(most), top, `${most}`)
})

test('createLatencyScale holds all that is measured, with four lines at most', () => {
  for (const all of [[1], [3, 20], [1, 60_000], [900, 1100], [5, 8_000_000_000], [86_400_000]]) {
    const { share, ticks } = createLatencyScale(all)
    assert.ok(ticks.length >= 2 && ticks.length <= 4, `${all}: ${ticks}`)
    for (const ms of all) assert.ok(share(ms) >= 0 && share(ms) <= 1)
    assert.ok(share(Math.min(...all)) <= share(Math.max(...all)))
  }
})
