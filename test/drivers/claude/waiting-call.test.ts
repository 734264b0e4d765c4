import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { answerCounted, waitingCall } from '../../../src/drivers/claude/waiting-call.ts'

const input = { command: 'touch x', description: 'make it' }
const use = (id: string, what: object = input) => ({
  message: { content: [{ type: 'tool_use', id, name: 'Bash', input: what }] },
})
const result = (id: string) => ({ message: { content: [{ type: 'tool_result', tool_use_id: id }] } })
const note = (toolUseID: string, decision: string) => ({
  attachment: { type: 'hook_permission_decision', decision, toolUseID, hookEvent: 'PermissionRequest' },
})

describe('the call that a permission hook of Claude Code is asked about', () => {
  let folder: string
  let record: string

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-call-'))
    record = join(folder, 't.jsonl')
  })
  after(() => rmSync(folder, { recursive: true }))

  const write = (...rows: readonly object[]) =>
    writeFileSync(record, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const asked = { tool_name: 'Bash', tool_input: { description: 'make it', command: 'touch x' } }
  const waiting = () => waitingCall({ ...asked, transcript_path: record })

  const cases: readonly (readonly [title: string, rows: readonly object[], id: string | undefined])[] = [
    ['is the one with that tool and input', [use('a', { command: 'ls' }), use('b')], 'b'],
    ['has no result yet', [use('a'), result('a'), use('b')], 'b'],
    ['is unknown where two are alike', [use('a'), use('b')], undefined],
    ['is unknown where it is not written yet', [use('a', { command: 'ls' })], undefined],
  ]
  for (const [title, rows, id] of cases)
    it(title, async () => {
      write(...rows)
      assert.deepEqual(await waiting(), id && { record, id })
    })

  it('is unknown without a transcript', async () => {
    assert.equal(await waitingCall(asked), undefined)
    assert.equal(await waitingCall({ ...asked, transcript_path: join(folder, 'none') }), undefined)
  })

  const ends: readonly (readonly [title: string, rows: readonly object[], counted: boolean])[] = [
    ['took the answer that it notes', [use('b'), note('b', 'allow'), result('b')], true],
    ['ignored an answer that came behind an answer at its dialog', [use('b'), result('b')], false],
    ['is not mistaken for another call', [use('b'), note('a', 'allow'), result('a'), result('b')], false],
  ]
  for (const [title, rows, counted] of ends)
    it(title, async () => {
      write(...rows)
      assert.equal(await answerCounted({ record, id: 'b' }, 'allow', AbortSignal.timeout(20_000)), counted)
    })

  it('is waited for, and given up when told', async () => {
    write(use('b'))
    const late = answerCounted({ record, id: 'b' }, 'deny', AbortSignal.timeout(20_000))
    appendFileSync(record, `${JSON.stringify(note('b', 'deny'))}\n`)
    assert.equal(await late, true)
    write(use('b'))
    assert.equal(await answerCounted({ record, id: 'b' }, 'deny', AbortSignal.abort()), undefined)
  })
})
