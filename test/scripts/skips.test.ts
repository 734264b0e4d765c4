import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectedSkips, skipsIn } from '../../scripts/test/skips.ts'

const file = 'test/drivers/http/conformance.test.ts'
const [expected = ''] = expectedSkips[file] ?? []

const outputs: readonly (readonly [string, string])[] = [
  ['bun', `(pass) one\n(skip) ${expected}\n(skip) two\n\n2 tests skipped:\n(skip) ${expected}\n(skip) two\n`],
  ['deno', `one ... ok (3ms)\n${expected} ... ignored (0ms)\n  two ... ignored (0ms)\n`],
]
for (const [runtime, output] of outputs)
  test(`skipsIn tells what ${runtime} skipped against expectation`, () => {
    assert.deepEqual(skipsIn(file, output), { skipped: [expected, 'two'], unexpected: ['two'], missing: [] })
  })

test('skipsIn tells what was expected to be skipped and was not', () => {
  assert.deepEqual(skipsIn(file, '(pass) one\n'), { skipped: [], unexpected: [], missing: [expected] })
  assert.deepEqual(skipsIn('test/wait.test.ts', ''), { skipped: [], unexpected: [], missing: [] })
})

test('expectedSkips gives a reason for each', () => {
  for (const title of Object.values(expectedSkips).flat()) assert.match(title, / \[.+\]$/)
})
