import assert from 'node:assert/strict'
import { it } from 'node:test'
import { repeating } from '../../src/app/repeating.ts'

const deps = { begin: () => () => {}, log: () => {} }

it('repeating runs soon when it is asked to, never twice at a time, and not in between', async () => {
  const runs: { from: number; to: number }[] = []
  let next = Promise.withResolvers<void>()
  const task = repeating(deps, 'look', 60_000, async () => {
    const from = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 30))
    runs.push({ from, to: performance.now() })
    next.resolve()
    next = Promise.withResolvers()
  })
  task.soon()
  task.soon()
  await next.promise
  // While one runs, and after it.
  task.soon()
  task.soon()
  await next.promise
  const third = next.promise
  task.soon()
  await new Promise((resolve) => setTimeout(resolve, 35))
  task.soon()
  await third
  await task.stop()
  const [first, second] = runs
  assert.ok(first && second && second.from - first.to >= 15)
  const count = runs.length
  task.soon()
  await new Promise((resolve) => setTimeout(resolve, 60))
  assert.equal(runs.length, count)
})
