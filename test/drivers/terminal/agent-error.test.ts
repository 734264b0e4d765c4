import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agentErrorOn } from '../../../src/drivers/terminal/agent-error.ts'
import { screenOf } from '../../support/program.ts'

const screen = (...lines: readonly string[]) => screenOf(lines)

const box = ['', '› Ask Codex to do anything', '', '  fake-model default · /srv']

const ruler = '─'.repeat(60)

const claude = {
  fails: ['❯ FAIL:400 please', '', '● API Error: 400 fake failure', ''],
  answers: [
    ...['❯ SAY:API Error: 400 is what I saw', '', '● API Error: 400 is what I saw', ''],
    ...['✻ Sautéed for 0s · done 11:56 PM', ''],
  ],
  box: [
    ...['                                        ◐ medium · /effort', ruler, '❯', ruler],
    '  ⏵⏵ auto mode on (shift+tab to cycle)',
  ],
}

const gemini = {
  fails: [
    ...[' > FAIL:400 please', '', '✕ [API Error: {"message":"fake', '  failure"}]', '', ''],
    ...['ℹ This request failed. Press F12 for diagnostics, or run', '  /settings', ''],
  ],
  answers: [' > SAY:Error: 400 is what I saw', '', '✦ [API Error: 400 is what I saw', ''],
  box: [ruler, ' Shift+Tab to accept edits', '', ' >   Type your message or @path/to/file', '', ' workspace'],
}

const opencode = {
  fails: [
    ...['  ┃                                     ┃                ┃'],
    ...['  ┃  FAIL:400 please                    ┃  fake failure  ┃'],
    ...['  ┃                                     ┃                ┃'],
    ...['', '  ┃', '  ┃  fake failure', '  ┃', '', '     ▣  Build · Fake', ''],
  ],
  answers: [
    ...['  ┃', '  ┃  fake failure', '  ┃', '', '  ┃', '  ┃  SAY:Error: 400 is what I saw', '  ┃', ''],
    ...['     Error: 400 is what I saw', '', '     ▣  Build · Fake · 726ms', ''],
  ],
  box: [
    ...['  ┃', '  ┃', '  ┃', '  ┃  Build · Fake Fake', `  ╹${'▀'.repeat(56)}`],
    '   /srv                                15  ctrl+p commands',
  ],
}

const pi = {
  fails: ['', ' FAIL:400 please', '', '', ' Error: 400: {"message":"fake', ' failure"}'],
  advice: [' If this looks like a pi bug, /bug sends a report to the', ' developers.'],
  answers: ['', ' SAY:Error: 400 is what I saw', '', '', ' Error: 400 is what I saw'],
  box: ['', ruler, '', ruler, '/srv', '1.1%/128k (auto)                                  fake-model'],
}

const qwen = {
  fails: ['  > FAIL:400 please', '', '  ✕ [API Error: 400 fake failure] (Press Ctrl+Y to retry)', ''],
  answers: ['  > SAY:Error: 400 is what I saw', '', '  ◆︎ Error: 400 is what I saw', ''],
  box: [ruler, '>   Type your message or @path/to/file', ruler, '  ➜ work · fake-model'],
}

/** As agents draw their boxes with --yolo. */
const starred = (box: readonly string[]): readonly string[] =>
  box.map((line) => line.replace(/^( ?)> {3}/, '$1*   '))

const screens: readonly (readonly [string, readonly string[], string | undefined])[] = [
  [
    'a failed model',
    ['› hi', '', '■ {"error":{"message":"fake', 'failure","code":400}}', ...box],
    '{"error":{"message":"fake failure","code":400}}',
  ],
  ['a failure of the only message in sight', ['■ stream disconnected', ...box], 'stream disconnected'],
  ['an answer', ['› hi', '• hello', ...box], undefined],
  ['an answer after a failure', ['› hi', '■ no', '› again', '• hello', ...box], undefined],
  ['a square in an answer', ['› hi', '• look:', '  ■ black', ...box], undefined],
  ['a screen without an input box', ['■ square one', 'and two'], undefined],
  ['nothing', [], undefined],
  ['claude: a failed model', [...claude.fails, ...claude.box], 'API Error: 400 fake failure'],
  ['claude: an answer of an error', [...claude.fails, ...claude.answers, ...claude.box], undefined],
  ['gemini: a failed model', [...gemini.fails, ...gemini.box], '[API Error: {"message":"fake failure"}]'],
  ['gemini: an answer of an error', [...gemini.fails, ...gemini.answers, ...gemini.box], undefined],
  ['opencode: a failed model', [...opencode.fails, ...opencode.box], 'fake failure'],
  ['opencode: an answer of an error', [...opencode.answers, ...opencode.box], undefined],
  ['pi: a failed model', [...pi.fails, ...pi.advice, ...pi.box], 'Error: 400: {"message":"fake failure"}'],
  ['pi: an answer of an error', [...pi.fails, ...pi.answers, ...pi.box], undefined],
  ['qwen: a failed model', [...qwen.answers, ...qwen.fails, ...qwen.box], '[API Error: 400 fake failure]'],
  ['qwen: an answer of an error', [...qwen.fails, ...qwen.answers, ...qwen.box], undefined],
  [
    'gemini --yolo: a failed model',
    [...gemini.fails, ...starred(gemini.box)],
    '[API Error: {"message":"fake failure"}]',
  ],
  [
    'gemini --yolo: an answer of an error',
    [...gemini.fails, ...gemini.answers, ...starred(gemini.box)],
    undefined,
  ],
  ['qwen --yolo: a failed model', [...qwen.fails, ...starred(qwen.box)], '[API Error: 400 fake failure]'],
  ['qwen --yolo: an answer of an error', [...qwen.fails, ...qwen.answers, ...starred(qwen.box)], undefined],
]
for (const [title, lines, complaint] of screens)
  test(`complaintOn: ${title}`, () => assert.equal(agentErrorOn(screen(...lines)), complaint))
