import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quietFor } from '../../../src/drivers/tmux/pane.ts'

for (const [what, seenMs, notedMs, quietMs] of [
  ['tmux has noted nothing for long', 400, 9000, 9000],
  ['the note is not confirmed by looks', 399, 9000, 399],
  ['something was drawn and came back between two looks', 1300, 40, 1300],
  ['the clock was set back', 500, -3_600_000, 500],
  ['tmux notes nothing', 1300, Number.NaN, 1300],
] as const)
  test(`quietFor says ${quietMs} ms where ${what}`, () => assert.equal(quietFor(seenMs, notedMs), quietMs))
