import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import type { VerifyConfig } from '../../src/domain/verify.ts'
import { curlOf } from '../../src/inbound/curl.ts'
import { hookOf } from '../support/hook-pages.ts'

const place = { base: 'https://door.example', now: Date.parse('2026-11-22T10:00:00Z') }
const secrets = ['a-secret-nobody-may-see']

const lineFor = (
  verify: VerifyConfig,
  { body = '{}', headers = {} }: { body?: string; headers?: Record<string, string> },
) => curlOf(hookOf({ verify }), { payload: new TextEncoder().encode(body), headers }, place)

/** What curl would be started with. */
const argumentsIn = (line: string): readonly string[] =>
  execFileSync('sh', ['-c', line.replace(/^curl/, "printf '%s\\n'")], {
    env: { SECRET: 'typed-in', PATH: process.env.PATH },
    encoding: 'utf8',
  }).split('\n')

describe('curlOf', () => {
  const hostile = [
    '$(echo obeyed)$SECRET',
    '`echo obeyed`$SECRET',
    '"; echo obeyed; "$SECRET',
    "'; echo 'obeyed",
  ]
  const schemes: readonly VerifyConfig[] = [
    { scheme: 'bearer', secrets },
    { scheme: 'github', secrets },
    { scheme: 'basic', username: 'a"$(echo obeyed)', secrets },
  ]
  for (const verify of schemes)
    it(`makes a shell obey nothing that came in a header, nor a user name (${verify.scheme})`, () => {
      for (const agent of hostile) {
        const { curl } = lineFor(verify, { headers: { 'user-agent': agent } })
        const given = argumentsIn(curl)
        assert.ok(given.includes(`user-agent: ${agent}`), curl)
        assert.ok(!given.includes('obeyed'), curl)
        if (verify.scheme === 'bearer') assert.ok(given.includes('authorization: Bearer typed-in'), curl)
        if (verify.scheme === 'basic') assert.ok(given.includes('a"$(echo obeyed):typed-in'), curl)
      }
    })

  it('leaves out what a terminal would obey when it is pasted', () => {
    const verify: VerifyConfig = { scheme: 'bearer', secrets }
    for (const sign of ['\x03', '\x15', '\x1b[201~', '\x7f', '\u009b', '\r']) {
      const ofBody = lineFor(verify, { body: `a${sign}b` })
      assert.ok(ofBody.fromFile && !ofBody.curl.includes(sign), JSON.stringify(sign))
      const { curl } = lineFor(verify, { headers: { 'user-agent': `a${sign}b`, 'x-event': 'push' } })
      assert.ok(!curl.includes(sign) && curl.includes("-H 'x-event: push'"), JSON.stringify(sign))
      assert.ok(curl.includes(`'authorization: Bearer '"$SECRET"`), 'its proof goes with what is left')
    }
    assert.equal(lineFor(verify, { body: 'a\n\tb' }).fromFile, false)
  })
})
