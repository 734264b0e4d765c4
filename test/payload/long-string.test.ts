import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Code, Failure } from '../../src/domain/error.ts'
import { readJson } from '../../src/payload/json-reader.ts'

const slice = 262_144

async function read(json: string): Promise<{ readonly view: unknown; readonly pauses: number }> {
  let pauses = 0
  const view = await readJson(json, async () => {
    pauses++
  })
  return { view, pauses }
}

describe('readJson: a string too long for one piece', () => {
  it('is what JSON.parse makes of it, wherever the slices end', async () => {
    const piece = fc.constantFrom('\\n', '\\"', '\\\\', '\\u00e9', '\\ud83d\\ude00', '😀', 'é', 'u', '/')
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.nat({ max: 14 }), async (pieces, before) => {
        const text = `"${'x'.repeat(slice - before)}${pieces.join('')}${'y'.repeat(slice)}\\t"`
        const { view, pauses } = await read(text)
        assert(view === JSON.parse(text))
        assert(pauses >= 1)
      }),
      { numRuns: 60 },
    )
  })

  it('stands among others, and lets them run', async () => {
    const value = { a: 1, log: 'line "one" \\ é\n'.repeat(600_000), z: ['x'.repeat(3_000_000), null] }
    const { view, pauses } = await read(JSON.stringify(value))
    assert.deepEqual(JSON.parse(JSON.stringify(view)), value)
    assert(pauses >= 10)
  })

  const long = 'x'.repeat(2 * slice)
  const broken: readonly (readonly [what: string, json: string, code: Code])[] = [
    ['without an end', `{"a":"${long}`, 'malformed'],
    ['that ends in half an escape', `{"a":"${long}\\`, 'malformed'],
    ['that ends in half a code', `{"a":"${long}\\u00`, 'malformed'],
    ['with a raw line break', `{"a":"${long}\n${long}"}`, 'malformed'],
    ['with a wrong escape', `{"a":"${long}\\q${long}"}`, 'malformed'],
    ['as a key', `{"${long}":1}`, 'unprocessable'],
  ]
  for (const [what, json, code] of broken)
    it(`is refused ${what}`, () =>
      assert.rejects(read(json), (thrown) => thrown instanceof Failure && thrown.code === code))
})
