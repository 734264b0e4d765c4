import assert from 'node:assert/strict'
import { it } from 'node:test'
import { heardCommits } from '../../src/app/heard-commits.ts'

it('heardCommits asks the store only after something was heard, and each time while nothing would be', async () => {
  let [asked, heard, isListening, isAway] = [0, 0, true, false]
  const commits = async () => {
    asked += 1
    if (isAway) throw new Error('away')
    return asked
  }
  const known = heardCommits({ commits }, { isListening: () => isListening, heard: () => heard })
  assert.deepEqual([await known(), await known(), await known()], [1, 1, 1])
  heard += 1
  assert.deepEqual([await known(), await known()], [2, 2])
  isListening = false
  assert.deepEqual([await known(), await known()], [3, 4])
  isListening = true
  heard += 1
  isAway = true
  await assert.rejects(known(), /away/)
  isAway = false
  assert.equal(await known(), 6)
})
