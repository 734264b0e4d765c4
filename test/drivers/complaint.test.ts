import assert from 'node:assert/strict'
import { test } from 'node:test'
import { complaintOn } from '../../src/drivers/complaint.ts'
import type { Screen } from '../../src/drivers/screen.ts'

const screen = (...lines: readonly string[]): Screen => ({
  kind: 'screen',
  lines,
  cursor: '',
  bracketedPaste: true,
  cooked: false,
  echo: false,
  quietMs: 5000,
  draft: false,
})

const box = ['', '› Ask Codex to do anything', '', '  fake-model default · /srv']

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
]
for (const [title, lines, complaint] of screens)
  test(`complaintOn: ${title}`, () => assert.equal(complaintOn(screen(...lines)), complaint))
