import assert from 'node:assert/strict'
import { test } from 'node:test'
import { insteadTable } from '../../../scripts/bench/instead.ts'

test('insteadTable says what a 2xx means, leaves out what was not measured, and names what is missing', () => {
  const one = { proof: 'a secret', stored: 'stored on disk' }
  const table = insteadTable([
    {
      ...one,
      title: 'one',
      taken: [
        { perSecond: 1000, p99Ms: 7, cpuMicros: 40 },
        { perSecond: 3000, p99Ms: 9, cpuMicros: 50 },
      ],
    },
    { ...one, title: 'another', stored: 'not stored', taken: [{ perSecond: 500, p99Ms: 20 }] },
    'A third is not installed here.',
  ])
  assert.deepEqual(table.split('\n').slice(2), [
    '| one | a secret | 2,000 (1,000–3,000) | 8.00 (7.00–9.00) | 45.0 (40.0–50.0) | stored on disk |',
    '| another | a secret | 500 (500–500) | 20.0 (20.0–20.0) |  | not stored |',
    '',
    'A third is not installed here.',
  ])
})
