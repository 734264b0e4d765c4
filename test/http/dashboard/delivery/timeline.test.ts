import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeliveryRecord } from '../../../../src/domain/delivery.ts'
import { phasesOf, timelineOf } from '../../../../src/http/dashboard/delivery/timeline.ts'

const events = [
  { at: 1000, kind: 'received' },
  { at: 1010, kind: 'stored' },
  { at: 3000, kind: 'attempt', detail: '#1' },
  { at: 3500, kind: 'submitted' },
  { at: 9500, kind: 'turn_completed' },
  { at: 9500, kind: 'answered' },
] as const

const record = {
  ...{ events, receivedAt: 1000, acceptedAt: 3500, action: 'turn', settledAt: 10_500 },
  callbackUrl: 'https://example.com',
} as unknown as DeliveryRecord

test('timelineOf tells each step in words, from the first on', () => {
  const [first, , third] = timelineOf(events)
  assert.deepEqual(
    [first?.text, first?.since, third?.text, third?.since],
    ['It arrived', null, 'Attempt', '+2 s'],
  )
})

test('phasesOf draws every phase to scale and names the longest', () => {
  const { bars = [] } = phasesOf(record, 0) ?? {}
  assert.deepEqual(
    bars.map(({ name, span, w, isLongest }) => [name, span, w, isLongest]),
    [
      ['waiting', '2 s', 211, false],
      ['reaching the agent', '500 ms', 53, false],
      ['the agent’s turn', '6 s', 632, true],
      ['answering back', '1 s', 105, false],
    ],
  )
})

test('phasesOf has no bar for what was never tried', () => {
  assert.equal(phasesOf({ ...record, events: events.slice(0, 2) }, 20_000), null)
})
