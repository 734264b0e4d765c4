import assert from 'node:assert/strict'
import type { GrantId } from '../../../src/domain/grant.ts'
import { countOf, keptCountHours, mostAlike, mostRefusals } from '../../../src/domain/refusal.ts'
import { refusalOf } from '../../support/refusals.ts'
import type { Check } from './harness.ts'

const hourMs = 3_600_000

export function testRefusals(check: Check): void {
  check(
    'listRefusals answers every filter, newest first, in another process too',
    async ({ store, other }) => {
      const grant = '9f3c1a2b7d4e5f60' as GrantId
      await store.recordRefusals([refusalOf({ cause: 'first', hook: 'github' }), refusalOf({ grant })], [])
      await other.recordRefusals([refusalOf({ cause: 'last', at: 9_000, userAgent: 'curl/8' })], [])
      const cases = [
        [{}, [3, 2, 1]],
        [{ oldestFirst: true }, [1, 2, 3]],
        [{ hook: 'github' }, [1]],
        [{ grant }, [2]],
        [{ since: 9_000 }, [3]],
        [{ after: 3 }, [2, 1]],
        [{ after: 1, oldestFirst: true }, [2, 3]],
      ] as const
      for (const each of [store, other])
        for (const [filter, expected] of cases) {
          const listed = await each.listRefusals({ ...filter, limit: 10 })
          assert.deepEqual(
            listed.map(({ seq }) => seq),
            expected,
            JSON.stringify(filter),
          )
        }
      const [newest] = await other.listRefusals({ limit: 1 })
      assert.deepEqual(newest, { seq: 3, ...refusalOf({ cause: 'last', at: 9_000, userAgent: 'curl/8' }) })
    },
  )

  check('recordRefusals keeps so many of one cause and peer, and so many in all', async ({ store }) => {
    const alike = (cause: string) => Array.from({ length: mostAlike + 5 }, () => refusalOf({ cause }))
    await store.recordRefusals(alike('timestamp is 400 s old'), [])
    await store.recordRefusals([refusalOf({ cause: 'timestamp is 7 s old' })], [])
    assert.equal((await store.listRefusals({ limit: 5000 })).length, mostAlike)
    const many = Array.from({ length: 600 }, (_, i) => refusalOf({ peer: `192.0.2.${i}` }))
    await store.recordRefusals(many, [])
    await store.recordRefusals(many, [])
    const listed = await store.listRefusals({ limit: 5000 })
    assert.equal(listed.length, mostRefusals)
    assert.equal(listed[0]?.peer, '192.0.2.599')
  })

  check('countRefusals adds up, and forgets what is two days old', async ({ store, other }) => {
    const count = (hour: number, guess: boolean) => countOf(hour * hourMs, 'unauthorized', 'wrong', guess)
    await store.recordRefusals([], [count(10, true)])
    await other.recordRefusals([], [count(10, false), count(11, true)])
    const rest = { code: 'unauthorized', kind: 'wrong' } as const
    const eleven = { hour: 11, ...rest, count: 1, guesses: 1 }
    assert.deepEqual(await store.countRefusals(0), [{ hour: 10, ...rest, count: 2, guesses: 1 }, eleven])
    assert.deepEqual(await other.countRefusals(11), [eleven])
    await store.recordRefusals([], [count(10 + keptCountHours, false)])
    assert.deepEqual(
      (await store.countRefusals(0)).map(({ hour }) => hour),
      [11, 10 + keptCountHours],
    )
    await store.recordRefusals([], [count(9000, false)])
    await store.recordRefusals([], [count(60, false)])
    const hours = (await other.countRefusals(0)).map(({ hour }) => hour)
    assert.deepEqual(hours, [60], 'a clock that was a year ahead hides no later hour')
  })
}
