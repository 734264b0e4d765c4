import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { nearest } from '../../src/domain/nearest.ts'

describe('nearest', () => {
  const known = ['session', 'secret', 'skill', 'verify', 'ttl']
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['sesion', 'session'],
    ['sessions', 'session'],
    ['Session', 'session'],
    ['sercet', 'secret'],
    ['skil', 'skill'],
    ['tlt', 'ttl'],
    ['veri', 'verify'],
    ['se', undefined],
    ['message', undefined],
    ['', undefined],
    ['x', undefined],
  ]
  for (const [word, expected] of cases)
    it(`${word} → ${expected}`, () => assert.equal(nearest(word, known), expected))

  it('finds every known word itself', () => {
    const words = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1 })
    fc.assert(
      fc.property(words, (all) => {
        for (const word of all) assert.equal(nearest(word, all), word)
      }),
    )
  })
})
