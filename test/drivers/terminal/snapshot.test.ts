import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { controlCharacters } from '../../../src/domain/control-characters.ts'
import { type ScreenLine, textOfScreen } from '../../../src/domain/screen-snapshot.ts'
import { openHeadless } from '../../../src/drivers/terminal/headless.ts'
import { snapshotOf } from '../../../src/drivers/terminal/snapshot.ts'

async function shown(text: string, columns = 20, rows = 3) {
  const headless = openHeadless(columns, rows, 0)
  const write = (more: string) => new Promise<void>((resolve) => headless.terminal.write(more, resolve))
  await write(text)
  return { headless, write, ...snapshotOf(headless) }
}

const widthOf = (line: ScreenLine): number => line.reduce((sum, { width }) => sum + width, 0)

describe('snapshotOf', () => {
  const looks: readonly (readonly [string, string, ScreenLine])[] = [
    ['plain text', 'ab c', [{ text: 'ab c', width: 4 }]],
    ['nothing', '', []],
    [
      'attributes',
      '\x1b[1;2;3;4;7;9mx',
      [
        {
          ...{ text: 'x', width: 1, bold: true, dim: true, italic: true },
          ...{ underline: true, strike: true, inverse: true },
        },
      ],
    ],
    [
      'colours of 16, 256 and 16 million',
      '\x1b[31;102ma\x1b[38;5;214;48;5;17mb\x1b[38;2;1;2;3;48;2;255;0;16mc',
      [
        { text: 'a', width: 1, fg: 1, bg: 10 },
        { text: 'b', width: 1, fg: 214, bg: 17 },
        { text: 'c', width: 1, fg: '#010203', bg: '#ff0010' },
      ],
    ],
    ['coloured emptiness', '\x1b[44m   ', [{ text: '   ', width: 3, bg: 4 }]],
    [
      'wide signs',
      'a漢😀b',
      [
        { text: 'a', width: 1 },
        { text: '漢', width: 2 },
        { text: '😀', width: 2 },
        { text: 'b', width: 1 },
      ],
    ],
    [
      'marks on a sign',
      'xe\u0301y',
      [
        { text: 'x', width: 1 },
        { text: 'e\u0301', width: 1 },
        { text: 'y', width: 1 },
      ],
    ],
    [
      'what is concealed as nothing',
      'a\x1b[8msecret\x1b[0mb',
      [
        { text: 'a', width: 1 },
        { text: '      ', width: 6 },
        { text: 'b', width: 1 },
      ],
    ],
    [
      'a link as its text',
      '\x1b]8;;javascript:alert(1)\x1b\\here\x1b]8;;\x1b\\',
      [{ text: 'here', width: 4, underline: true }],
    ],
    ['no title', '\x1b]0;<script>\x07a', [{ text: 'a', width: 1 }]],
  ]
  for (const [what, written, line] of looks)
    it(`shows ${what}`, async () => {
      const { lines } = await shown(written)
      assert.deepEqual(lines[0], line)
    })

  it('tells where the cursor stands, unless its program hides it', async () => {
    const { headless, write, cursor } = await shown('one\r\n漢')
    assert.deepEqual(cursor, { column: 2, row: 1 })
    await write('\x1b[?25l')
    assert.equal(snapshotOf(headless).cursor, undefined)
    await write('\x1b[?1;25h')
    assert.deepEqual(snapshotOf(headless).cursor, { column: 2, row: 1 })
    await write('\x1b[?25l\x1bc')
    assert.deepEqual(snapshotOf(headless).cursor, { column: 0, row: 0 })
  })

  it('keeps the objects of lines that look as they did', async () => {
    const { headless, write, lines } = await shown('one\r\ntwo')
    await write('!')
    const next = snapshotOf(headless, { lines })
    assert.equal(next.lines[0], lines[0])
    assert.notEqual(next.lines[1], lines[1])
    assert.equal(textOfScreen(next), 'one\ntwo!')
  })

  it('shows a large screen of emoji and wide signs in its grid', async () => {
    const row = '😀漢字é─│❯ ok.'
    const { lines } = await shown(Array.from({ length: 100 }, () => row.repeat(18)).join('\r\n'), 300, 100)
    assert.equal(lines.length, 100)
    assert.deepEqual(new Set(lines.map(widthOf)), new Set([18 * 14]))
  })

  const strings: readonly string[] = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../vectors/strings/blns.json'), 'utf8'),
  )

  it('shows no naughty string as more than signs in cells', async () => {
    const { headless, write } = await shown('', 40, 10)
    for (const naughty of [
      ...strings,
      '\u202eevil',
      '\u{e0041}\u{e0042}tags',
      'a\u2066b\u2069',
      'x\u200by',
    ]) {
      await write(`\x1bc${naughty}`)
      const { lines } = snapshotOf(headless)
      const text = lines.flat().map((run) => run.text)
      assert.deepEqual(text.join('').match(controlCharacters), null, naughty)
      for (const line of lines) assert.ok(widthOf(line) <= 40, naughty)
      for (const run of lines.flat())
        assert.ok(run.width > 2 ? [...run.text].length === run.width : true, naughty)
    }
  })
})
