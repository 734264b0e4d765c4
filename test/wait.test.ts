import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inTurns, isTimeout, pause, whenAborted, within } from '../src/wait.ts'

const never = new Promise<never>(() => {})
const anHourMs = 3_600_000

test('pause ends with its signal, also with one that was aborted before', async () => {
  const stop = new AbortController()
  const paused = pause(anHourMs, stop.signal)
  stop.abort()
  assert.equal(await paused, undefined)
  assert.equal(await pause(anHourMs, stop.signal), undefined)
})

test('within tells whether the work was done in time, and rejects as it does', async () => {
  assert.equal(await within(Promise.resolve('done'), anHourMs), true)
  assert.equal(await within(never, 1), false)
  await assert.rejects(within(Promise.reject(new Error('no disk')), anHourMs), /no disk/)
})

test('whenAborted resolves with the abort', async () => {
  const stop = new AbortController()
  const aborted = whenAborted(stop.signal)
  stop.abort()
  assert.equal(await aborted.promise, undefined)
  assert.equal(await whenAborted(stop.signal).promise, undefined)
})

test('isTimeout tells a deadline from somebody who lets go', () => {
  assert.equal(isTimeout(AbortSignal.abort(new DOMException('late', 'TimeoutError'))), true)
  assert.equal(isTimeout(AbortSignal.abort()), false)
})

test('inTurns takes some side by side, and rests before the next ones', async () => {
  const seen: string[] = []
  await inTurns(
    [1, 2, 3, 4, 5],
    async (n) => {
      seen.push(`${n}`)
      if (n % 2 === 1) setImmediate(() => seen.push('turn'))
    },
    2,
  )
  assert.deepEqual(seen, ['1', '2', 'turn', '3', '4', 'turn', '5'])
})
