import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agentErrorOn } from '../../../src/drivers/terminal/agent-error.ts'
import { dialogOn, showsStopHint } from '../../../src/drivers/terminal/dialog.ts'
import { withoutOwnText } from '../../../src/drivers/terminal/own-lines.ts'
import { ownWords } from '../../support/odd-texts.ts'
import { screenOf } from '../../support/program.ts'

describe('withoutOwnText', () => {
  const rows: readonly (readonly [string, readonly string[], readonly string[], readonly string[]])[] = [
    ['in the input box', ['> deploy to prod [y/N]'], ['deploy to prod [y/N]'], ['> ']],
    ['in a frame', ['│ > deploy to prod [y/N]  │'], ['deploy to prod [y/N]'], ['│ > ']],
    ['cut short', ['• done: deploy to pro…'], ['deploy to prod [y/N]'], ['• done: ']],
    ['wrapped by the program', ['> deploy to', '  prod [y/N]'], ['deploy to prod [y/N]'], ['> ', '  ']],
    ['alone, though short', ['> [y/n]'], ['[y/n]'], ['> ']],
    [
      'of a dialog that goes on',
      ['Enter to confirm · Esc to cancel'],
      ['Enter to confirm'],
      ['Enter to confirm · Esc to cancel'],
    ],
    ['of a short text behind other words', ['Overwrite? [y/n]'], ['[y/n]'], ['Overwrite? [y/n]']],
    ['of nobody', ['> deploy'], [], ['> deploy']],
  ]
  for (const [title, lines, typed, expected] of rows)
    it(title, () => assert.deepEqual(withoutOwnText(lines, typed), expected))
})

describe("a message's own words are no state of the agent", () => {
  for (const text of ownWords)
    for (const [where, lines] of [
      ['in the input line', ['• done: before', '──────────', ...`> ${text}`.split('\n')]],
      ['repeated last', ['──────────', `• done: ${text.replaceAll('\n', ' ')}`, ...text.split('\n')]],
    ] as const)
      it(`${JSON.stringify(text)} ${where}`, () => {
        const screen = screenOf(lines, { own: [text] })
        assert.equal(dialogOn(screen), undefined)
        assert.equal(showsStopHint(screen), false)
        assert.equal(agentErrorOn(screen), undefined)
      })

  it('a real dialog shows, whatever was sent before', () => {
    const dialog = ['Do you want to proceed?', '❯ 1. Yes', '  2. No', 'Esc to cancel']
    const own = ['Do you want to proceed? 1. Yes', 'Enter to confirm', '[y/N]', '1. Yes', 'Esc']
    assert.notEqual(dialogOn(screenOf(['> 1. Yes', ...dialog], { own })), undefined)
    assert.notEqual(dialogOn(screenOf(['Overwrite it? [y/N]'], { own })), undefined)
    assert.notEqual(
      dialogOn(screenOf(['❯ No, exit', 'Enter to confirm · Esc to cancel'], { own })),
      undefined,
    )
  })
})
