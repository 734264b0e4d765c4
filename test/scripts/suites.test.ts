import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { findSuites, whyNotDeno } from '../../scripts/test/suites.ts'

const all = findSuites(resolve(import.meta.dirname, '..', '..'), [])
const runs = (file: string, on: string) => all.some((suite) => suite.file === file && suite.runtime === on)

test('every file runs on Bun, and on Deno unless there is a reason', () => {
  for (const { file } of all) {
    assert.ok(runs(file, 'bun'), file)
    assert.equal(runs(file, 'deno'), whyNotDeno(file) === undefined, file)
  }
})

test('what is proved once has files beside it that run on Deno', () => {
  for (const file of ['dashboard', 'decide-page', 'docs', 'metrics', 'recipes', 'completions']) {
    const [, named = ''] = whyNotDeno(`test/e2e/${file}.test.ts`)?.split('; there ') ?? []
    for (const other of named.split(', '))
      assert.ok(runs(`test/${other}.test.ts`, 'deno'), `${file}: ${other}`)
  }
})

test('what touches the store, sockets, processes and signals runs on Deno', () => {
  for (const file of ['crash', 'durability', 'grants', 'join', 'knock', 'mcp', 'replies', 'tls', 'waits'])
    assert.ok(runs(`test/e2e/${file}.test.ts`, 'deno'), file)
})

test('what wants the whole machine stands first, what fills gaps last', () => {
  const shares = all.map(({ share }) => share)
  assert.deepEqual(
    shares.filter((share, i) => share !== shares[i - 1]),
    [1, 3 / 4, 5 / 8, 1 / 2, 3 / 8, 1 / 8, 1 / 4],
  )
})
