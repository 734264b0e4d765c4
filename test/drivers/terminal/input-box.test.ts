import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inputOn } from '../../../src/drivers/terminal/input-box.ts'
import { readStyledRows } from '../../../src/drivers/terminal/styled-rows.ts'

const dim = (text: string): string => `\x1b[2m${text}\x1b[0m`
const rule = '─'.repeat(40)
/** As Gemini CLI draws its box where the terminal lacks true colour. */
const filled = (...rows: readonly string[]): readonly string[] => [
  rule,
  dim(' Shift+Tab to accept edits'),
  '\x1b[48;5;240m',
  ...rows,
  '',
  '\x1b[49m workspace  /model',
  ' /work      gemini',
]

/** Rows, with the cursor in the row marked `@` at its beginning, or hidden. */
const shown: readonly (readonly [string, readonly string[], string])[] = [
  ['an empty row', ['got it', '@'], ''],
  ['a line begun', ['got it', '@half a thought'], 'half a thought'],
  ['a shell prompt', ['@me@host:~/src$ '], ''],
  ['a command begun at a shell prompt', ['@me@host:~/src$ git st'], 'git st'],
  ['a prompt of several words', ['@(venv) me@host % ls'], 'ls'],
  ['a prompt of too many words', ['@(venv) me at host % ls'], '(venv) me at host % ls'],
  ['a prompt of a language', ['@>>> '], ''],
  ['an expression begun', ['@>>> 1 +'], '1 +'],
  ['a question', ['@Name: '], ''],
  ['a suggestion', [`@❯ ${dim('git status')}`], ''],
  ['a grey suggestion', ['@❯ \x1b[38;5;242mgit status\x1b[39m'], ''],
  ['a placeholder', ['@> Type your message'], ''],
  [
    'a placeholder with its advice',
    ['╭────────────╮', '│ > Type your message or @path │', '╰────────────╯'],
    '',
  ],
  ['a new line begun below a prompt in its box', [rule, '> half a thought', '@'], 'half a thought'],
  ['an empty row below output that quotes', ['> quoted', 'output', '@'], ''],
  ['an empty box', ['answer', rule, '❯ ', rule, '  ? for shortcuts'], ''],
  [
    'a box without prompt below an answer that quotes',
    ['  ┃  ❯ 1. Yes', '     > quoted', '  ┃', '  ┃  Build · Fake', `  ╹${'▀'.repeat(20)}`, '   /work'],
    '',
  ],
  ['a box with nothing but invisible signs', ['answer', rule, '>  \u200b \u200b', rule, '  ➜ work'], ''],
  ['a draft of emoji alone in a box', [rule, '> 🎉', rule], '🎉'],
  ['a dim placeholder in a box', [rule, `❯ ${dim('Try "fix lint"')}`, rule], ''],
  ['a draft in a box', ['> earlier', rule, '❯ half a', '  thought', rule, '  ? for help'], 'half a thought'],
  ['a draft in a box without prompt', [rule, 'what is this?', rule], 'what is this?'],
  ['an answer that quotes, then an empty prompt', ['> quoted', '', '❯'], ''],
  [
    'a footer that Gemini draws twice',
    [
      ...[
        rule,
        ' Shift+Tab to accept edits',
        '▀'.repeat(40),
        ' >   Type your message or @path',
        '▄'.repeat(40),
      ],
      ...[' workspace   /model', rule, ' Shift+Tab to accept edits', '▀'.repeat(40), ' workspace   /model'],
    ],
    '',
  ],
  [
    'a footer drawn twice with a draft',
    ['▀'.repeat(40), ' > half a', '▄'.repeat(40), ' workspace', rule, ' Shift+Tab to accept edits', rule],
    'half a',
  ],
  [
    'an answer that quotes between two lines, then an empty prompt',
    [`  ${rule}`, '  > quoted', `  ${rule}`, '', '› ', '  fake-model'],
    '',
  ],
  [
    'a box without prompt below an answer that quotes between two lines',
    [` ${rule}`, ' > quoted', ` ${rule}`, rule, '', rule, '/work'],
    '',
  ],
  ['a draft with a line in it', [rule, '❯ half a', `  ${rule}`, '  thought', rule], `half a ${rule} thought`],
  [
    'an empty box of an agent that asks for nothing',
    [rule, '> quoted', rule, rule, `*   ${dim('Type your message')}`, rule, '  YOLO mode'],
    '',
  ],
  [
    'a box of an agent that asks for nothing',
    [rule, '* * a point', '  * another', rule],
    '* a point * another',
  ],
  ['a draft of a star alone in a box without prompt', [rule, '*', rule], '*'],
  ['an empty filled box', filled(` > ${dim('Type your message')}\x1b[48;5;240m`), ''],
  ['an empty filled box of an agent that asks for nothing', filled(' *   Type your message or @path'), ''],
  ['a filled box of an agent that asks for nothing', filled(' * * a point'), '* a point'],
  ['a filled box of a shell', filled(` ! ${dim('Type your shell command')}\x1b[48;5;240m`), '!'],
  [
    'a filled box whose text looks like a menu',
    filled(' > Trust it?', '   ❯ 1. Yes', '', '     2. No'),
    'Trust it? ❯ 1. Yes 2. No',
  ],
  [
    'a filled box below a message that draws one',
    [
      '\x1b[48;5;240m',
      ` > ${rule}`,
      '   > quoted',
      '',
      '\x1b[49m✦ answer',
      ...filled(' >   Type your message'),
    ],
    '',
  ],
  ['nothing that looks like an input box', ['hello', 'world'], ''],
]

for (const [what, lines, input] of shown)
  test(`inputOn sees ${input === '' ? 'nobody typing' : 'a draft'} in ${what}`, () => {
    const cursorRow = lines.findIndex((line) => line.startsWith('@'))
    const rows = readStyledRows(lines.map((line) => line.replace(/^@/, '')).join('\n'))
    assert.equal(inputOn({ rows, cursorRow, cursorShown: cursorRow >= 0 }), input)
  })

const styled: readonly (readonly [string, string, string])[] = [
  ['plain', 'plain', 'plain'],
  ['\x1b[1mbold\x1b[0m', 'bold', 'bold'],
  ['a \x1b[2mb\x1b[22m c', 'a b c', 'a   c'],
  ['a \x1b[1;90mb\x1b[39m c', 'a b c', 'a   c'],
  ['\x1b[38;2;120;120;125mgrey\x1b[0m!', 'grey!', '    !'],
  ['\x1b[38;5;2mgreen\x1b[0m', 'green', 'green'],
  ['\x1b[48;5;2mon green\x1b[0m', 'on green', 'on green'],
  ['\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\', 'link', 'link'],
]
test('readRows reads text and what is drawn solidly', () => {
  for (const [line, text, solid] of styled)
    assert.deepEqual(readStyledRows(line), [{ text, solid, filled: line.startsWith('\x1b[48') }])
})

test('readRows lets a style go on in the next row', () => {
  assert.deepEqual(
    readStyledRows('a\x1b[2mb\nc\x1b[0md').map((row) => row.solid),
    ['a', ' d'],
  )
})
