import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exitCodes, isCode } from '../../../src/cli/exit.ts'
import { problemView } from '../../../src/http/dashboard/problem-page.ts'
import { problemBody } from '../../../src/http/problem.ts'

describe('problemView', () => {
  for (const code of Object.keys(exitCodes).filter(isCode))
    it(`says what to do now: ${code}`, () => {
      const view = problemView({ ...problemBody(code, 'It is so.'), requestId: 'r-1' }, '3')
      assert.deepEqual([view.detail, view.requestId], ['It is so.', 'r-1'])
      assert.match(String(view.now), /^.{20,}/)
      assert.doesNotMatch(String(view.now), /undefined|`|\]\(/)
    })

  it('names the seconds of a throttled one, and the log line of a mistake', () => {
    assert.match(String(problemView(problemBody('rate_limited', ''), '3').now), /in 3 seconds/)
    const mistake = problemView({ ...problemBody('internal', ''), requestId: 'r-1' }, null)
    assert.equal(mistake.command, 'journalctl -u postern | grep r-1')
  })
})
