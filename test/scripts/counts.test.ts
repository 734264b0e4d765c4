import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countsOf, summary } from '../../scripts/test/counts.ts'

const cases = [
  {
    title: 'bun with everything',
    runtime: 'bun',
    output: ' 12 pass\n 2 skip\n 1 todo\n 3 fail\nRan 18 tests across 1 file. [6.03s]\n',
    counts: { passed: 12, failed: 3, skipped: 3 },
  },
  {
    title: 'bun without skips',
    runtime: 'bun',
    output: 'a test that says 9 pass\n\n 1 pass\n 0 fail\nRan 1 test across 1 file. [1ms]\n',
    counts: { passed: 1, failed: 0, skipped: 0 },
  },
  { title: 'bun that died', runtime: 'bun', output: '(pass) one\n 1 pass\n', counts: undefined },
  {
    title: 'deno',
    runtime: 'deno',
    output: 'ok | 27 passed | 0 failed (40ms)\n',
    counts: { passed: 27, failed: 0, skipped: 0 },
  },
  {
    title: 'deno with steps and ignored tests',
    runtime: 'deno',
    output: 'FAILED | 5 passed (9 steps) | 2 failed (1 step) | 3 ignored (6s)\n',
    counts: { passed: 5, failed: 2, skipped: 3 },
  },
  {
    title: 'deno with an ignored step',
    runtime: 'deno',
    output: 'ok | 1 passed (1 step) | 0 failed | 0 ignored (2 steps) (5ms)\n',
    counts: { passed: 1, failed: 0, skipped: 2 },
  },
  { title: 'deno that died', runtime: 'deno', output: 'error: Uncaught', counts: undefined },
] as const

for (const { title, runtime, output, counts } of cases)
  test(`countsOf reads ${title}`, () => assert.deepEqual(countsOf(runtime, output), counts))

test('summary names skipped tests only where there are some', () => {
  assert.equal(summary({ passed: 3, failed: 0, skipped: 0 }), '3 passed, 0 failed')
  assert.equal(summary({ passed: 3, failed: 1, skipped: 2 }), '3 passed, 1 failed, 2 skipped')
})
