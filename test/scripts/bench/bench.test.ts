import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '../../..')
const bench = (...args: string[]) =>
  spawnSync(process.execPath, ['scripts/bench.ts', ...args], { cwd: root, encoding: 'utf8' })
const latest = () => ['md', 'json'].map((type) => readFileSync(resolve(root, `bench/latest.${type}`), 'utf8'))

test('bench in its short form measures, says that it is short, and leaves bench/latest alone', () => {
  const before = latest()
  const { status, stdout, stderr } = bench('--short', '--only', 'starts')
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^The short form\. /)
  assert.match(stdout, /\| `postern expose`, whole process \| [\d.]+ ms \|/)
  assert.match(stdout, /\| the same with 5,000 deliveries that wait \| [\d.]+ ms \|/)
  assert.deepEqual(latest(), before)
})

test('bench refuses a measurement that it does not know', () => {
  const { status, stderr } = bench('--only', 'everything')
  assert.equal(status, 1)
  assert.match(stderr, /no measurement "everything"; choose among slow-disk, /)
})
