import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ScreenLine } from '../../../src/domain/screen-snapshot.ts'
import { lineHtml, paletteCss } from '../../../src/http/dashboard/screen-html.ts'

const drawn: readonly (readonly [string, ScreenLine, string])[] = [
  ['plain text bare', [{ text: 'a b', width: 3 }], 'a b'],
  [
    'markup as text',
    [{ text: '</pre><b onclick="x">', width: 21 }],
    '&lt;/pre&gt;&lt;b onclick=&quot;x&quot;&gt;',
  ],
  ['controls spelled', [{ text: '\u202ea', width: 2 }], '<span class="w1">\\u202e</span>a'],
  ['a wide sign in two cells', [{ text: '漢', width: 2 }], '<span class="w2">漢</span>'],
  ['a sign with marks in one cell', [{ text: 'e\u0301', width: 1 }], '<span class="w1">e\u0301</span>'],
  ['an uncommon sign in one cell', [{ text: 'a❯b', width: 3 }], 'a<span class="w1">❯</span>b'],
  ['lines and letters bare', [{ text: '│é█', width: 3 }], '│é█'],
  ['colours as classes', [{ text: 'x', width: 1, fg: 1, bg: 214 }], '<span class="f1 b214">x</span>'],
  [
    'attributes as classes',
    [{ text: 'x', width: 1, bold: true, dim: true, italic: true, underline: true, strike: true }],
    '<span class="bold dim italic underline strike">x</span>',
  ],
  [
    'a colour of 16 million as the nearest and as itself',
    [{ text: 'x', width: 1, fg: '#ff8000' }],
    '<span class="f214" data-f="#ff8000">x</span>',
  ],
  [
    'inverse with both colours exchanged',
    [{ text: 'x', width: 1, inverse: true, fg: 2 }],
    '<span class="fi b2">x</span>',
  ],
  ['what is no colour as none', [{ text: 'x', width: 1, fg: '" onload="' }], '<span class="fi">x</span>'],
]

describe('lineHtml', () => {
  for (const [what, line, html] of drawn)
    it(`draws ${what}`, () => {
      assert.equal(lineHtml(line), html)
    })
})

describe('paletteCss', () => {
  it('has the colours of xterm', () => {
    const css = paletteCss()
    for (const rule of [
      '.f16{color:#000000}',
      '.b231{background:#ffffff}',
      '.f208{color:#ff8700}',
      '.f244{color:#808080}',
    ])
      assert.ok(css.includes(rule), rule)
    assert.equal(css.match(/\{/g)?.length, 480)
  })
})
