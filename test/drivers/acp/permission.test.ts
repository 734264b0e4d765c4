import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowedOption, nameOf, toolCallOf } from '../../../src/drivers/acp/permission.ts'

const options = [{ optionId: 'once', kind: 'allow_once' }]
const long = 'x'.repeat(300)

const others: readonly (readonly [what: string, permission: string, title: string])[] = [
  ['one line for another', 'ls -l', 'ls\n-l'],
  ['a control character for a space', 'rm a', 'rm\u0000a'],
  ['a beginning for the whole', long.slice(0, 200), long],
  ['one long title for another', long, `${long} && rm -rf /`],
  ['spaces at the ends', 'ls', ' ls '],
]

for (const [what, permission, title] of others)
  test(`allowedOption does not take ${what}`, () => {
    const call = toolCallOf({ title, kind: 'execute' })
    assert.equal(allowedOption(call, [permission], options), undefined)
    assert.equal(allowedOption(call, [title], options), 'once')
    assert.doesNotMatch(nameOf(call), /[\x00-\x1f]/)
    assert.ok(nameOf(call).length <= 200)
  })
