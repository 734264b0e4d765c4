import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type Era, troubleWithEra } from '../../src/domain/era.ts'

const [a, b, c] = ['a', 'b', 'c'].map((sign) => sign.repeat(32)) as [string, string, string]

for (const [title, noted, found, kind] of [
  ['of which nothing was noted', undefined, { mark: a, past: [], commits: 1 }, undefined],
  ['of which nothing was noted, a new one', undefined, 'blank', undefined],
  ['as it was noted', [a, 7], { mark: a, past: [], commits: 7 }, undefined],
  ['that others have changed, too', [a, 7], { mark: a, past: [b], commits: 9 }, undefined],
  ['that is older', [a, 7], { mark: a, past: [], commits: 6 }, 'database_behind'],
  ['that holds nothing', [a, 7], 'blank', 'database_empty'],
  ['that is another', [a, 7], { mark: b, past: [c], commits: 9 }, 'database_foreign'],
  ['without a mark', [a, 7], { past: [], commits: 9 }, 'database_foreign'],
  ['that another home has accepted', [a, 7], { mark: b, past: [c, a], commits: 3 }, undefined],
] as const)
  it(`troubleWithEra of a database ${title} is ${kind ?? 'none'}`, () => {
    const mark = noted && { mark: noted[0], commits: noted[1] }
    const trouble = troubleWithEra('The store db', mark, found as Era | 'blank')
    assert.equal(trouble?.kind, kind)
    if (trouble)
      assert.match(`${trouble.detail} ${trouble.fix}`, /The store db.*postern restore --accept-loss/i)
  })
