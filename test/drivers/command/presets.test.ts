import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '../../../src/domain/outcome.ts'
import type { AgentKind } from '../../../src/drivers/agents/kinds.ts'
import { judge } from '../../../src/drivers/command/outcome.ts'
import { isLostConversation, presets } from '../../../src/drivers/command/presets.ts'
import type { Finished } from '../../../src/drivers/command/run.ts'

const first = { id: 'U', resumed: false }
const next = { id: 'S', resumed: true }

const calls: Readonly<Record<AgentKind, readonly [string, string]>> = {
  claude: ['-p --output-format json --session-id U', '-p --output-format json --resume S'],
  codex: ['exec --skip-git-repo-check --json -', 'exec resume S --skip-git-repo-check --json -'],
  gemini: ['--session-id U --output-format json', '--resume S --output-format json'],
  opencode: ['run --format json', 'run --format json --session S'],
  pi: ['-p --session-id U', '-p --session-id S'],
  qwen: ['--output-format json', '--output-format json --resume S'],
}

test('presets call each agent for a first and a next turn', () => {
  for (const [name, [begin, goOn]] of Object.entries(calls)) {
    const { args } = presets[name as AgentKind]
    assert.equal(args(first).join(' '), begin)
    assert.equal(args(next).join(' '), goOn)
  }
})

test('presets keep Claude Code from reading the files that a message names', () => {
  assert.deepEqual(presets.claude.env, { CLAUDE_CODE_DISABLE_FILE_MENTIONS: '1' })
})

const rows = (...objects: readonly object[]): string =>
  objects.map((object) => `${JSON.stringify(object)}\n`).join('')

const finished = (stdout: string, more: Partial<Finished> = {}): Finished => ({
  exitCode: 0,
  stdout,
  truncated: false,
  complaint: '',
  ...more,
})

const said = { type: 'item.completed', item: { id: '1', type: 'agent_message', text: 'hi' } }
const ran = { type: 'item.completed', item: { id: '0', type: 'command_execution', command: 'ls' } }
const thread = { type: 'thread.started', thread_id: 't-1' }
const usage = { type: 'turn.completed', usage: { input_tokens: 1 } }
const spoken = { type: 'text', sessionID: 'ses_1', part: { type: 'text', text: 'hi' } }
const tool = { type: 'tool_use', sessionID: 'ses_1', part: { type: 'tool', tool: 'bash' } }
const result = { type: 'result', subtype: 'success', is_error: false, result: 'hi', session_id: 's-1' }
const apiError = { name: 'APIError', data: { message: 'no credit', isRetryable: false } }

const ok = (answer: string, toolCalls?: number): Outcome => ({
  kind: 'completed',
  answer,
  ...(toolCalls !== undefined && { toolCalls }),
})

const wrong = (detail: string, answer?: string): Outcome => ({
  kind: 'turn_failed',
  why: 'agent_error',
  detail,
  ...(answer !== undefined && { answer }),
})

const noVerdict = wrong('it exited without saying how its turn went')

const verdicts: readonly (readonly [AgentKind, string, Outcome, string?])[] = [
  ['claude', rows(result), ok('hi'), 's-1'],
  ['claude', `warning: old\n${rows(result)}`, ok('hi'), 's-1'],
  ['claude', JSON.stringify([{ type: 'system' }, result]), ok('hi'), 's-1'],
  ['claude', JSON.stringify({ ...result, session_id: undefined }), ok('hi'), 'U'],
  ['claude', JSON.stringify({ ...result, session_id: '--dangerous' }), ok('hi')],
  ['claude', rows({ ...result, is_error: true, result: 'API Error' }), wrong('API Error', 'API Error')],
  ['claude', rows({ ...result, is_error: undefined }), wrong('hi', 'hi')],
  [
    'claude',
    rows({ ...result, subtype: 'error_max_turns', result: undefined }),
    wrong('error_max_turns', undefined),
  ],
  [
    'claude',
    rows({ ...result, stop_reason: 'refusal' }),
    { kind: 'turn_failed', why: 'refusal', detail: 'hi', answer: 'hi' },
  ],
  ['claude', '', noVerdict],
  ['claude', 'hi there', noVerdict],
  ['codex', rows(thread, { type: 'turn.started' }, ran, said, usage), ok('hi', 1), 't-1'],
  ['codex', rows(thread, said, { ...said, item: { ...said.item, text: 'bye' } }, usage), ok('bye', 0), 't-1'],
  ['codex', rows(thread, { type: 'turn.failed', error: { message: 'no model' } }), wrong('no model')],
  ['codex', rows(thread, { type: 'error', message: 'stream cut' }), wrong('stream cut')],
  ['codex', rows(thread, said), { ...noVerdict, answer: 'hi' } as Outcome],
  [
    'codex',
    rows(thread, usage),
    { kind: 'turn_failed', why: 'empty', detail: 'its turn ended without a word' },
  ],
  ['gemini', JSON.stringify({ response: 'hi', stats: {} }, null, 2), ok('hi'), 'U'],
  ['gemini', `Loaded credentials.\n${JSON.stringify({ response: 'hi' }, null, 2)}\nbye`, ok('hi'), 'U'],
  ['gemini', JSON.stringify({ error: { type: 'Error', message: 'quota' } }), wrong('quota')],
  ['gemini', JSON.stringify({ response: 'hi', error: null }), ok('hi'), 'U'],
  ['gemini', '', noVerdict],
  ['opencode', rows({ type: 'step_start', sessionID: 'ses_1' }, tool, spoken), ok('hi', 1), 'ses_1'],
  ['opencode', rows(spoken, { type: 'error', error: apiError }), wrong('no credit', 'hi')],
  [
    'opencode',
    rows({ type: 'step_start', sessionID: 'ses_1' }),
    { kind: 'turn_failed', why: 'empty', detail: 'its turn ended without a word', answer: '' },
  ],
  ['pi', 'hi\n', ok('hi'), 'U'],
  ['qwen', JSON.stringify([{ type: 'system', session_id: 's-1' }, result]), ok('hi'), 's-1'],
  ['qwen', rows({ ...result, is_error: true, error: { message: 'bad key' } }), wrong('bad key', 'hi')],
]

for (const [agent, stdout, outcome, conversation] of verdicts)
  test(`judge ${agent}: ${stdout.slice(0, 70).trim().replaceAll('\n', ' ') || 'no output'} is ${outcome.kind}`, () => {
    const judged = judge(finished(stdout), agent, undefined, first)
    assert.deepEqual(judged.outcome, outcome)
    assert.equal(judged.conversation, conversation)
  })

test('judge prefers what the agent complained, and its exit code over a good report', () => {
  const claude = (more: Partial<Finished>) => judge(finished(rows(result), more), 'claude', undefined, next)
  assert.deepEqual(claude({ exitCode: 1 }).outcome, wrong('exit code 1', 'hi'))
  assert.deepEqual(claude({ exitCode: 1, complaint: 'no key' }).outcome, wrong('exit code 1: no key', 'hi'))
  assert.equal(claude({ exitCode: 75 }).outcome.kind, 'failed')
  assert.equal(claude({ truncated: true }).outcome.kind, 'turn_failed')
  assert.equal(claude({ exitCode: 1 }).conversation, undefined)
  assert.equal(claude({}).conversation, 's-1')
})

test('judge tells what the agent itself says of its failure before what stands beside it', () => {
  const stdout = rows({ type: 'turn.failed', error: { message: 'model said no' } })
  const codex = judge(
    finished(stdout, { exitCode: 1, complaint: 'WARNING: no alias' }),
    'codex',
    undefined,
    first,
  )
  assert.deepEqual(codex.outcome, wrong('exit code 1: model said no; WARNING: no alias'))
})

test('judge keeps no id that the agent did not take', () => {
  const nameless = rows({ ...result, session_id: undefined })
  assert.equal(judge(finished(nameless), 'qwen', undefined, first).conversation, undefined)
  assert.equal(judge(finished(nameless), 'qwen', undefined, next).conversation, 'S')
})

test('isLostConversation knows the complaint of each agent, and no other', () => {
  for (const complaint of [
    'No conversation found with session ID: 1b',
    'Error: no rollout found for thread id 1b',
    'Session not found: ses_1',
    'Error resuming session: Invalid session identifier "1b".',
    'No saved session found with ID 1b',
  ])
    assert.equal(isLostConversation(complaint), true, complaint)
  for (const complaint of [
    'exit code 1',
    'model not found',
    'API Error: 404 not_found',
    'session limit reached',
  ])
    assert.equal(isLostConversation(complaint), false, complaint)
})
