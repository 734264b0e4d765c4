import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowed, approvalOf } from '../../../src/drivers/codex/approval.ts'

const long = 'x'.repeat(300)

const others: readonly (readonly [what: string, permission: string, command: string])[] = [
  ['one line for another', 'ls -l', 'ls\n-l'],
  ['a beginning for the whole', long.slice(0, 200), long],
  ['one long command for another', long, `${long} && rm -rf /`],
]

for (const [what, permission, command] of others)
  test(`allowed does not take ${what}`, () => {
    const approval = approvalOf('item/commandExecution/requestApproval', { command })
    assert.ok(approval)
    assert.equal(allowed(approval, [permission]), undefined)
    assert.deepEqual(allowed(approval, [command]), { decision: 'accept' })
    assert.doesNotMatch(approval.name, /[\x00-\x1f]/)
    assert.ok(approval.name.length <= 200)
  })

const asked = [
  ['item/commandExecution/requestApproval', { command: 'ls' }, 'permission: ls'],
  ['item/fileChange/requestApproval', {}, 'permission: a change of files'],
  ['item/tool/requestUserInput', { questions: [{ question: 'Which\none?' }] }, 'an answer: Which one?'],
  [
    'item/tool/requestUserInput',
    { questions: [{ question: 'Which?' }, { question: 'Where?' }] },
    'an answer: Which? (and 1 more)',
  ],
  ['item/tool/requestUserInput', { questions: 7 }, 'an answer to its question'],
  ['mcpServer/elicitation/request', { message: 'Your name?' }, 'an answer: Your name?'],
] as const

for (const [method, params, asks] of asked)
  test(`approvalOf of ${method} asks for ${asks}`, () => {
    assert.equal(approvalOf(method, params)?.asks, asks)
  })
