import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { lookAtScreen, shows } from '../../support/screens.ts'
import { noTmux, openPaneBench, type PaneBench } from './harness.ts'

const skip = noTmux() ?? false

let bench: PaneBench
before(async () => {
  if (skip) return
  const script = `stty -echo; printf 'ready\\n'; while read -r l; do printf "\\033[48;5;17;38;2;1;2;3m$l 漢😀\\033[0m|\\n"; done`
  bench = await openPaneBench(() => ['sh', '-c', script], 'ready')
})
after(() => bench?.remove())

test('a pane is shown in its colours and its grid, and then as it changes', { skip }, async () => {
  const onlooker = lookAtScreen(bench.connection)
  const first = await onlooker.sees(shows('ready'), 'the first line')
  assert.deepEqual([first.columns, first.rows, first.lines.length], [100, 30, 30])
  assert.deepEqual(first.cursor, { column: 0, row: 1 })
  await bench.press('-l', 'hello')
  await bench.press('Enter')
  const next = await onlooker.sees(shows('hello'), 'what was typed')
  const look = { fg: '#010203', bg: 17 }
  assert.deepEqual(next.lines[1], [
    { text: 'hello ', width: 6, ...look },
    { text: '漢', width: 2, ...look },
    { text: '😀', width: 2, ...look },
    { text: '|', width: 1 },
  ])
  assert.equal(next.lines[0], first.lines[0])
  assert.ok(next.changedAt >= first.changedAt)
  const seen = onlooker.screens.length
  assert.equal(await onlooker.leave(), 'nobody looks')
  assert.equal(onlooker.screens.length, seen)
})

test('a pane that is closed has no screen any more', { skip }, async () => {
  const onlooker = lookAtScreen(bench.connect())
  await onlooker.sees(shows('ready'), 'the first line')
  await bench.tmux('kill-pane', '-t', bench.paneId)
  assert.match(await onlooker.over, /closed|gone|ended/)
})
