import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type HookEvent, openPermission, turnOf } from '../../../src/drivers/agent-hooks/events.ts'
import { type HookedAgent, hookedAgents } from '../../../src/drivers/agent-hooks/hooked-agents.ts'
import { fingerprint } from '../../../src/drivers/terminal/screen.ts'

const text = '[ci] fix the build, please'
const eventOf = (is: HookEvent['is'], more: Partial<HookEvent> = {}): HookEvent => ({
  is,
  conversation: 'a',
  ...more,
})
const accepted = eventOf('accepted', { prompt: fingerprint(text) })

describe('toldOf', () => {
  const cases: readonly (readonly [
    title: string,
    events: readonly HookEvent[],
    accepted: boolean,
    end: unknown,
  ])[] = [
    ['no event', [], false, undefined],
    ['another prompt', [eventOf('accepted', { prompt: 'other' }), eventOf('completed')], false, undefined],
    ['taken', [accepted], true, undefined],
    [
      'taken and answered',
      [accepted, eventOf('asks'), eventOf('completed', { answer: 'done' })],
      true,
      { kind: 'completed', answer: 'done' },
    ],
    ['somebody else answers', [accepted, eventOf('completed', { conversation: 'b' })], true, undefined],
    ['an answer from before', [eventOf('completed'), accepted], true, undefined],
    [
      'failed',
      [accepted, eventOf('failed', { detail: '400' })],
      true,
      { kind: 'turn_failed', why: 'agent_error', detail: '400' },
    ],
    [
      'left',
      [accepted, eventOf('gone', { detail: 'logout' })],
      true,
      { kind: 'turn_failed', why: 'exited', detail: 'logout' },
    ],
    [
      'its end alone, with the prompt',
      [eventOf('completed', { prompt: fingerprint(text), answer: 'done' })],
      true,
      { kind: 'completed', answer: 'done' },
    ],
  ]
  for (const [title, events, taken, end] of cases)
    it(title, () => assert.deepEqual(turnOf(events, text), { accepted: taken, end }))
})

describe('openRequest', () => {
  const asks = eventOf('asks', { detail: 'Bash' })
  const cases: readonly (readonly [title: string, events: readonly HookEvent[], what: string | undefined])[] =
    [
      ['nobody asks', [accepted], undefined],
      ['it asks', [accepted, asks], 'permission: Bash'],
      [
        'it asks a question',
        [eventOf('asks', { detail: 'AskUserQuestion', asks: 'an answer: Which?' })],
        'an answer: Which?',
      ],
      ['it went on', [accepted, asks, eventOf('completed')], undefined],
      ['another one went on', [asks, eventOf('completed', { conversation: 'b' })], 'permission: Bash'],
    ]
  for (const [title, events, what] of cases) it(title, () => assert.equal(openPermission(events), what))
})

describe('hooks of', () => {
  const cases: readonly (readonly [agent: HookedAgent, payload: object, event: object | undefined])[] = [
    ['claude', { hook_event_name: 'SessionStart', source: 'startup' }, { is: 'here' }],
    ['claude', { hook_event_name: 'UserPromptSubmit', prompt: 'a b' }, { is: 'accepted', prompt: 'ab' }],
    [
      'claude',
      {
        hook_event_name: 'UserPromptSubmit',
        prompt: '<pasted_content id="61c5">\none\ntwo\n</pasted_content id="61c5">',
      },
      { is: 'accepted', prompt: 'onetwo' },
    ],
    ['claude', { hook_event_name: 'PermissionRequest', tool_name: 'Bash' }, { is: 'asks', detail: 'Bash' }],
    [
      'claude',
      {
        hook_event_name: 'PermissionRequest',
        tool_name: 'AskUserQuestion',
        tool_input: { questions: [{ question: 'Which colour?' }] },
      },
      { is: 'asks', detail: 'AskUserQuestion', asks: 'an answer: Which colour?' },
    ],
    ['claude', { hook_event_name: 'Stop', last_assistant_message: 'x' }, { is: 'completed', answer: 'x' }],
    ['claude', { hook_event_name: 'Stop' }, { is: 'completed' }],
    [
      'claude',
      { hook_event_name: 'StopFailure', error: 'unknown', last_assistant_message: 'API Error: 400' },
      { is: 'failed', detail: 'API Error: 400', answer: 'API Error: 400' },
    ],
    [
      'claude',
      { hook_event_name: 'StopFailure', error: 'rate_limit', error_details: 'later' },
      { is: 'failed', detail: 'rate_limit: later' },
    ],
    ['claude', { hook_event_name: 'SessionEnd', reason: 'logout' }, { is: 'gone', detail: 'logout' }],
    ['claude', { hook_event_name: 'PreToolUse' }, undefined],
    ['gemini', { hook_event_name: 'BeforeAgent', prompt: 'a' }, { is: 'accepted', prompt: 'a' }],
    ['gemini', { hook_event_name: 'AfterAgent', prompt_response: 'x' }, { is: 'completed', answer: 'x' }],
    [
      'gemini',
      { hook_event_name: 'AfterAgent', prompt_response: '[no response text]' },
      { is: 'failed', detail: 'it ended its turn without a word' },
    ],
    [
      'gemini',
      { hook_event_name: 'Notification', notification_type: 'ToolPermission', message: 'run ls?' },
      { is: 'asks', detail: 'run ls?' },
    ],
    [
      'codex',
      { type: 'agent-turn-complete', 'input-messages': ['old', 'a b'], 'last-assistant-message': 'x' },
      { is: 'completed', prompt: 'ab', answer: 'x' },
    ],
    ['codex', { type: 'approval-requested' }, undefined],
    ['codex', { hook_event_name: 'SessionStart', source: 'startup' }, { is: 'here' }],
    [
      'codex',
      { hook_event_name: 'UserPromptSubmit', turn_id: 't', prompt: 'a b' },
      { is: 'accepted', prompt: 'ab' },
    ],
    ['codex', { hook_event_name: 'PermissionRequest', tool_name: 'Bash' }, { is: 'asks', detail: 'Bash' }],
    [
      'codex',
      { hook_event_name: 'Stop', turn_id: 't', last_assistant_message: 'x' },
      { is: 'completed', answer: 'x' },
    ],
    ['codex', { hook_event_name: 'PostToolUse' }, undefined],
  ]
  for (const [agent, payload, expected] of cases)
    it(`${agent}: ${JSON.stringify(payload).slice(0, 90)}`, () =>
      assert.deepEqual(hookedAgents[agent].read({ ...payload }), expected))

  it("gemini: the record of the chat tells better than the hook's own text", () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-chat-'))
    try {
      const path = join(folder, 'chat.jsonl')
      const records = [
        { type: 'gemini', content: 'old answer' },
        { type: 'user', content: [{ text: 'now' }] },
        { type: 'gemini', content: '', toolCalls: [] },
        { type: 'user', content: [{ functionResponse: {} }] },
        { type: 'gemini', content: 'the answer' },
        { $set: {} },
      ]
      const ask = (kept: number) => {
        const lines = records.slice(0, kept).map((record) => JSON.stringify(record))
        writeFileSync(path, `${lines.join('\n')}\n{"type":"gemi`)
        const payload = {
          hook_event_name: 'AfterAgent',
          prompt_response: 'the  the answer',
          transcript_path: path,
        }
        return hookedAgents.gemini.read(payload)?.answer
      }
      assert.equal(ask(6), 'the answer')
      assert.equal(ask(4), 'the  the answer', 'an answer before this turn is no answer to it')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
