import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readStyledRows } from '../../../src/drivers/terminal/styled-rows.ts'
import { stillShows } from '../../../src/drivers/tmux/still-shows.ts'

const viewOf = (lines: readonly string[], searches = true) => ({
  ...({ kind: 'view', rows: readStyledRows(lines.join('\n')), lines, cursor: '8,1', searches } as const),
  ...{
    drawnBy: Number.NaN,
    cursorRow: 1,
    cursorColumn: 8,
    cursorShown: true,
    bracketedPaste: undefined,
    tty: '',
    program: '',
  },
})

test('stillShows names the cursor and the rows of the input box, and nothing that means something to tmux', () => {
  const cursor = '#{==:#{cursor_x}.#{cursor_y},8.1}'
  const [row, longer] = ['#{==:#{C/r:^. .*.b. .c.$},2}', '#{==:#{C/r:^. .*.b. .c...*$},0}']
  assert.equal(stillShows(viewOf(['text', '> é#b, }c:'])), `#{&&:${cursor},#{&&:${row},${longer}}}`)
})

test('stillShows knows where else a row stands', () => {
  const found = stillShows(viewOf(['> fix it', '> fix it']))
  assert.match(found, /\{C\/r:\^\. fix it\$\},1\}/)
})

const accented = `> ${'e\u0301'.repeat(50)}`

for (const [what, above, place] of [
  ['another row alike', `${accented}\u0301`, 1],
  ['one that goes on', `${accented}!`, 1],
  ['one without its end', accented.slice(0, -2), 2],
] as const)
  test(`stillShows finds a row of many accents below ${what}, and at once`, () => {
    assert.ok(stillShows(viewOf([above, accented])).includes(`.*$},${place}}`))
  })

test('stillShows goes by the cursor where tmux cannot search', () => {
  assert.equal(stillShows(viewOf(['a', 'b'], false)), '#{==:#{cursor_x}.#{cursor_y},8.1}')
})

test('stillShows knows when a key was pressed last', () => {
  const keys = '#{&&:#{==:#{cursor_x}.#{cursor_y},8.1},#{==:#{session_activity},1795928833}}'
  assert.equal(stillShows({ ...viewOf(['a', 'b'], false), keyAt: 1795928833 }), keys)
})
