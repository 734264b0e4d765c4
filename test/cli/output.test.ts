import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createOutput } from '../../src/cli/output.ts'
import { escapeJson, escapeLine, escapeLines, fit, widthOf } from '../../src/cli/terminal-text.ts'
import { addDelivery, cli, createWorld } from './fake-io.ts'

const obeyed =
  /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|[\u{e0000}-\u{e007f}]/u
const hostile = fc.string({
  unit: fc.constantFrom(
    '\x1b',
    '[31m',
    '\x9b',
    '\u202e',
    '\u{e0041}',
    '\n',
    '\r',
    'é',
    '字',
    '🙂',
    '\ud800',
    'a',
  ),
})

describe('escapeLine', () => {
  const cases: readonly (readonly [text: string, shown: string])[] = [
    ['plain — 字 🙂', 'plain — 字 🙂'],
    ['\x1b[31mred', '\\x1b[31mred'],
    ['a\nb\tc\rd', 'a\\nb\\tc\\rd'],
    ['\u202eevil', '\\u202eevil'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\x9b1m\x7f', '\\x9b1m\\x7f'],
  ]
  for (const [text, shown] of cases) it(JSON.stringify(text), () => assert.equal(escapeLine(text), shown))

  it('never lets anything through that a terminal obeys', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        assert.doesNotMatch(escapeLine(text), obeyed)
        assert.doesNotMatch(escapeLines(text).replaceAll('\t', ''), obeyed)
        const json = escapeJson(JSON.stringify({ text }, null, 2))
        assert.doesNotMatch(json, obeyed)
        assert.equal(JSON.parse(json).text, text)
      }),
    )
  })

  it('hides nothing that nobody sees, in JSON either', () => {
    const text = 'yes\u034f\u{e0100}'
    assert.equal(escapeLine(text), 'yes\\u034f\\u{e0100}')
    assert.equal(escapeJson(JSON.stringify(text)), '"yes\\u034f\\udb40\\udd00"')
  })
})

describe('fit', () => {
  it('never takes more columns than there are', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 20 }), (text, columns) => {
        assert.ok(widthOf(fit(escapeLine(text), columns)) <= columns)
      }),
    )
  })
  it('counts wide, combining and plain characters', () => {
    assert.deepEqual(['abc', '字', '🙂', 'e\u0301', '…'].map(widthOf), [3, 2, 2, 1, 1])
  })
})

describe('colour', () => {
  const terminal = { stdin: true, stdout: true, stderr: true, columns: 200, rows: 24 }
  const cases: readonly (readonly [facts: object, argv: string[], colour: boolean])[] = [
    [{ terminal }, [], true],
    [{ terminal }, ['--no-color'], false],
    [{ terminal, env: { NO_COLOR: '1' } }, [], false],
    [{ terminal, env: { TERM: 'dumb' } }, [], false],
    [{}, [], false],
  ]
  for (const [facts, argv, colour] of cases)
    it(`${colour ? 'is' : 'is not'} used with ${JSON.stringify(facts)} ${argv.join(' ')}`, async () => {
      const world = createWorld()
      addDelivery(world, { state: 'FAILED' })
      const { stdout } = await cli(world, ['deliveries', 'ls', ...argv], facts)
      assert.equal(stdout.includes('\x1b['), colour)
    })
})

describe('createOutput', () => {
  it('aligns a table by what a terminal shows', () => {
    let text = ''
    const io = {
      ...createWorld().io,
      stdout: (more: string) => {
        text += more
      },
    }
    createOutput(io, { color: false }).table(
      [
        { title: 'A', cell: ({ a }) => a },
        { title: 'B', cell: ({ b }) => b },
      ],
      [
        { a: '字', b: '1' },
        { a: 'x', b: '2' },
        { a: '', b: '3' },
      ],
    )
    assert.equal(text, 'A   B\n字  1\nx   2\n    3\n')
  })
})

describe('row', () => {
  const rows = (columns: number, terminal: boolean) => {
    const { io } = createWorld()
    let text = ''
    const stdout = (more: string) => {
      text += more
    }
    const facts = { stdout, terminal: { ...io.terminal, stdout: terminal, columns } }
    createOutput({ ...io, ...facts }, { color: false }).row(['2026', 'PENDING', 'a message of some length'])
    return text
  }
  it('is cut at the edge of a terminal, and nowhere else', () => {
    assert.equal(rows(30, true), '2026  PENDING  a message of s…\n')
    assert.equal(rows(10, true), '2026  PENDING  a messa…\n')
    assert.equal(rows(30, false), '2026  PENDING  a message of some length\n')
  })
})

describe('during', () => {
  const waits = async (terminal: boolean, env: Record<string, string> = {}) => {
    const { io } = createWorld()
    let shown = ''
    const stderr = (text: string) => {
      shown += text
    }
    const facts = { env, stderr, terminal: { ...io.terminal, stderr: terminal } }
    const out = createOutput({ ...io, ...facts }, { color: true })
    assert.equal(await out.during('Waiting for \x1b[31mred', async () => 42), 42)
    await assert.rejects(
      out.during('Waiting', () => Promise.reject(new Error('no'))),
      /no/,
    )
    return shown
  }

  it('shows a person what goes on, and leaves nothing of it', async () => {
    const shown = await waits(true)
    assert.match(shown, /Waiting for \\x1b\[31mred … 0 s/)
    assert.ok(shown.endsWith('\r\x1b[K'))
    assert.ok(!shown.includes('\n'))
  })
  it('is silent where nobody looks, or the terminal cannot take it back', async () => {
    assert.equal(await waits(false), '')
    assert.equal(await waits(true, { TERM: 'dumb' }), '')
  })
})
