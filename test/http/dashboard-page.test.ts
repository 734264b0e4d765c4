import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Hook } from '../../src/domain/hook.ts'
import { escapeHtml, escapeMarkup } from '../../src/http/dashboard/escape.ts'
import { preview } from '../../src/http/dashboard/preview.ts'
import { createTemplates, textareaHtml } from '../../src/http/dashboard/templates.ts'
import { exampleFor } from '../../src/http/openapi/example.ts'
import { presetNames } from '../../src/providers/index.ts'

const strings: readonly string[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '../vectors/strings/blns.json'), 'utf8'),
)
const hook: Hook = {
  ...{ name: 'h', path: '/api/hooks/h', template: 'Hi {{who}}', active: true, action: 'agent' },
  ...{ maxBodyBytes: 1000, fence: false, verify: { scheme: 'bearer', secrets: [] } },
}
const pages = createTemplates({ layout: '<p title="{{x}}">{{x}}</p>{{>body}}', one: '<i>{{y.z}}</i>' })

describe('createPages', () => {
  it('escapes whatever is put in, also in a partial', () => {
    assert.equal(
      pages.page('one', { x: '"<b>\'&', y: { z: '{{x}}</i>' } }),
      '<p title="&quot;&lt;b&gt;&#39;&amp;">&quot;&lt;b&gt;&#39;&amp;</p><i>{{x}}&lt;/i&gt;</i>',
    )
  })

  it('lets no string out of its place', () => {
    for (const x of strings) {
      const [, title = '', text = ''] =
        /^<p title="([^"<>]*)">([^<>]*)<\/p><i><\/i>$/su.exec(pages.page('one', { x })) ?? []
      assert.equal(title, text, JSON.stringify(x))
      assert.equal(title === '', x === '', JSON.stringify(x))
    }
  })
})

describe('escapeHtml', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['\x1b[31mred', '\\x1b[31mred'],
    ['a\u202eb', 'a\\u202eb'],
    ['a\u{e0041}b', 'a\\u{e0041}b'],
    ['line\n\ttab', 'line\n\ttab'],
    ['\r\0\x9b', '\\x0d\\x00\\x9b'],
    ['\ud800', '\\ud800'],
    ['naïve 漢字 👩‍💻', 'naïve 漢字 👩‍💻'],
  ]
  for (const [text, shown] of cases)
    it(`shows ${JSON.stringify(text)} as ${JSON.stringify(shown)}`, () =>
      assert.equal(escapeHtml(text), shown))

  it('leaves nothing that a browser obeys', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(escapeHtml(text), /[<>"'\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/u)
      }),
    ))
})

describe('typed', () => {
  it('keeps every character of what a form sends back', () => {
    assert.equal(textareaHtml('\na\u200b</textarea>&'), '\n\na\u200b&lt;/textarea&gt;&amp;')
    assert.equal(escapeMarkup('plain'), 'plain')
  })
})

describe('exampleFor', () => {
  const cases: readonly (readonly [template: string, body: unknown])[] = [
    [
      'Push to {{repository.name}} by {{sender.login}}: {{head_commit.message}}',
      { repository: { name: 'a name' }, sender: { login: 'a login' }, head_commit: { message: 'a message' } },
    ],
    ['{{#commits}}{{id}}{{/commits}}', { commits: [{ id: 'an id' }] }],
    ['{{#tags}}{{.}}{{/tags}}{{^gone}}x{{/gone}}', { tags: ['a value'] }],
    ['{{#draft}}(draft){{/draft}}{{{raw_text}}}', { draft: true, raw_text: 'a raw text' }],
    ['{{a}}{{a.b}}', { a: { b: 'a b' } }],
    [
      '{{constructor.name}} {{__proto__.polluted}}',
      JSON.parse('{"constructor":{"name":"a name"},"__proto__":{"polluted":"a polluted"}}'),
    ],
    ['{{#title}}: {{title}}{{/title}}', { title: 'a title' }],
    ['{{broken', {}],
  ]
  for (const [template, body] of cases)
    it(`makes a payload for ${template}`, () => {
      assert.deepEqual(
        JSON.parse(JSON.stringify(exampleFor({ template }).body)),
        JSON.parse(JSON.stringify(body)),
      )
      assert.equal(Reflect.get({}, 'polluted'), undefined)
    })

  for (const preset of presetNames)
    it(`gives ${preset} an event that its preset makes a message of`, async () => {
      const { body, headers } = exampleFor({ preset })
      const { template: _, ...rest } = hook
      const payload = new TextEncoder().encode(JSON.stringify(body))
      const sample = { payload, contentType: 'application/json', headers }
      assert.equal((await preview({ ...rest, preset }, sample, 'nonce')).kind, 'message')
    })
})

describe('preview', () => {
  const sample = (text: string) => ({
    payload: new TextEncoder().encode(text),
    contentType: 'application/json',
    headers: {},
  })
  const cases: readonly (readonly [name: string, hook: Hook, payload: string, shows: RegExp])[] = [
    ['the message', hook, '{"who":"<Ann>"}', /^message Hi <Ann>$/],
    ['the message with its prefix', { ...hook, from: 'ci' }, '{"who":"Ann"}', /^message \[ci\] Hi Ann$/],
    ['a template that does not parse', { ...hook, template: '{{#a}}' }, '{}', /^trouble line 1/],
    ['a payload that is no JSON', hook, '{', /^trouble /],
    ['a message that is blank', { ...hook, template: '{{nothing}}' }, '{}', /^trouble It fails: .*blank/],
    [
      'a filter that does not match',
      { ...hook, filter: { path: 'who', exists: true } },
      '{}',
      /^trouble Ignored: the filter/,
    ],
  ]
  for (const [name, tried, payload, shows] of cases)
    it(`shows ${name}`, async () => {
      const shown = await preview(tried, sample(payload), 'nonce')
      assert.match(`${shown.kind} ${shown.kind === 'message' ? shown.text : shown.why}`, shows)
    })
})
