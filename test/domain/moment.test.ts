import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { momentOf } from '../../src/domain/moment.ts'

const now = Date.parse('2026-11-22T12:00:00Z')

describe('momentOf', () => {
  const cases: readonly (readonly [text: string, iso: string | undefined])[] = [
    ['30s', '2026-11-22T11:59:30.000Z'],
    ['2h', '2026-11-22T10:00:00.000Z'],
    ['7d', '2026-11-15T12:00:00.000Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2026-11-20T10:00Z', '2026-11-20T10:00:00.000Z'],
    ...[
      '',
      '2',
      'h',
      '2w',
      '-2h',
      'yesterday',
      '2026-13-40',
      '2026-11-31',
      '2026-02-29T10:00Z',
      '2026-11-20Tnoon',
      '999999999999d',
    ].map((text) => [text, undefined] as const),
  ]
  for (const [text, iso] of cases)
    it(`reads ${JSON.stringify(text)} as ${iso ?? 'nothing'}`, () => {
      const at = momentOf(text, now)
      assert.equal(at === undefined ? undefined : new Date(at).toISOString(), iso)
    })
})
