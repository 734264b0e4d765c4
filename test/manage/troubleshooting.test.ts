import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exitCodes, isCode } from '../../src/cli/exit.ts'
import { adviceOn, troubleshootingPage } from '../../src/manage/troubleshooting.ts'

describe('adviceOn', () => {
  for (const code of Object.keys(exitCodes).filter(isCode))
    it(`knows ${code} by its name, as spelled in a path, and by the type of its problem document`, () => {
      const [first, ...others] = adviceOn(code)
      assert.match(first?.seen ?? '', new RegExp(`^\\d{3} ${code}$`))
      const dashed = code.replaceAll('_', '-')
      for (const asked of [dashed, `urn:postern:problem:${dashed}`])
        assert.deepEqual(adviceOn(asked), [first, ...others], asked)
    })

  it('finds a status, what a delivery waits for or failed at, and words of a cause', () => {
    assert.ok(adviceOn('503').length > 1)
    assert.match(adviceOn('blocked')[0]?.mends ?? '', /postern attach/)
    assert.match(adviceOn('callback')[0]?.means ?? '', /callbackUrl/)
    assert.match(adviceOn('Signature does not match')[0]?.mends ?? '', /same secret/)
    assert.deepEqual(adviceOn('no such thing at all'), [])
    assert.deepEqual(adviceOn('---'), [])
  })

  it('is plain text', () => {
    for (const [, code = ''] of troubleshootingPage.matchAll(/^\| \d{3} \| `(\w+)`/gm))
      assert.doesNotMatch(JSON.stringify(adviceOn(code)), /`|\]\(/)
  })
})
