import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Outcome } from '../../../src/domain/outcome.ts'
import { createTypedDeliveries } from '../../../src/drivers/pty/typed-deliveries.ts'

const taken: Outcome = { kind: 'taken', evidence: 'echo' }

describe('once', () => {
  it('joins a try under way and remembers one that was taken', async () => {
    const typed = createTypedDeliveries(10)
    const tried = Promise.withResolvers<Outcome>()
    let tries = 0
    const attempt = () => {
      tries++
      return tried.promise
    }
    const both = [typed.once('a', false, attempt), typed.once('a', false, attempt)]
    tried.resolve(taken)
    assert.deepEqual(await Promise.all(both), [taken, taken])
    assert.deepEqual(await typed.once('a', false, attempt), taken)
    assert.equal(tries, 1)
  })

  const rows: readonly (readonly [Outcome, boolean])[] = [
    [taken, true],
    [{ kind: 'unknown', why: '', accepted: true }, true],
    [{ kind: 'unknown', why: '', accepted: false }, false],
    [{ kind: 'busy', why: '' }, false],
    [{ kind: 'failed', why: '', retry: true }, false],
    [{ kind: 'released', why: '' }, false],
  ]
  for (const [outcome, kept] of rows)
    it(`${kept ? 'keeps' : 'forgets'} ${JSON.stringify(outcome)}`, async () => {
      const typed = createTypedDeliveries(10)
      await typed.once('a', false, async () => outcome)
      assert.equal(typed.find('a') !== undefined, kept)
    })

  it('forgets a try that threw', async () => {
    const typed = createTypedDeliveries(10)
    await assert.rejects(
      typed.once('a', false, async () => {
        throw new Error('no')
      }),
    )
    assert.equal(typed.find('a'), undefined)
  })

  it('forgets the oldest beyond its limit', async () => {
    const typed = createTypedDeliveries(2)
    for (const id of ['a', 'b', 'c']) await typed.once(id, false, async () => taken)
    assert.deepEqual(
      ['a', 'b', 'c'].map((id) => typed.find(id) !== undefined),
      [false, true, true],
    )
  })
})
