import assert from 'node:assert/strict'
import { test } from 'node:test'
import { markdownHtml } from '../../../../src/http/dashboard/delivery/markdown.ts'

test('markdownHtml lays out headings below those of the page, lists, code, tables and links', () => {
  const html =
    markdownHtml(
      '# Done\n\n1. `a`\n\n| x | y |\n|--|--:|\n| 1 | 2 |\n\nhttps://a.example and [b](https://b.example)',
    ) ?? ''
  assert.match(html, /<h3>Done<\/h3>/)
  assert.match(html, /<li><code>a<\/code><\/li>/)
  assert.match(
    html,
    /<div class="scroll"[^>]*><table>[\s\S]*<td class="right">2<\/td>[\s\S]*<\/table><\/div>/,
  )
  assert.equal(
    html.match(/<a href="https:\/\/[ab]\.example" rel="noopener noreferrer nofollow" target="_blank">/g)
      ?.length,
    2,
  )
})

const hostile = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html,x) [d](vbscript:x) [e](file:///etc/passwd)',
  '[f](&#106;avascript:alert(1)) [g](java\tscript:alert(1)) <javascript:alert(1)>',
  '![p](https://evil.example/pixel.png) ![q](data:image/svg+xml;base64,PHN2Zz4=)',
  '[h](https://x.example" onmouseover="alert(1)) [i](https://x.example "t\\" onclick=\\"x")',
  '```"><script>alert(1)</script>\nx\n```',
  '~~~ html onload=alert(1)\n<b>\n~~~',
  '| <b onclick=x> |\n|:-:|\n| </td></table><script>1</script> |',
  '<!-- --><style>*{}</style><svg/onload=alert(1)>',
  'javascript:alert(1) www.example.com//<script>',
  '\u202Egnp.exe \u0000 \u001b[31m',
]

const allowed =
  /^(\/?(p|h[3-6]|ul|ol|li|code|pre|em|strong|s|blockquote|table|thead|tbody|tr|div)|br|hr|t[hd]( class="(left|center|right)")?|\/t[hd]|code class="language-[^"]*"|ol start="\d+"|div class="scroll" tabindex="0" role="group" aria-label="Table"|a href="(https?:\/\/|mailto:)[^"]*"( title="[^"]*")? rel="noopener noreferrer nofollow" target="_blank"|\/a)$/

test('markdownHtml makes nothing of hostile text that a browser would run or fetch', () => {
  for (const text of hostile) {
    const html = markdownHtml(text) ?? ''
    for (const [, tag = ''] of html.matchAll(/<([^>]*)>/g)) assert.match(tag, allowed, text)
  }
})

test('markdownHtml leaves what is too long as it is', () => {
  assert.equal(markdownHtml('x'.repeat(200_001)), undefined)
})
