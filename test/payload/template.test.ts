import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Failure } from '../../src/domain/error.ts'
import { parseJson } from '../../src/payload/json.ts'
import { compileTemplate, type RenderOptions, render } from '../../src/payload/template.ts'
import { numberView, type View } from '../../src/payload/view.ts'

interface SpecCase {
  readonly name: string
  readonly template: string
  readonly data: View
  readonly expected: string
}

const specFile = (name: string): readonly SpecCase[] =>
  JSON.parse(readFileSync(new URL(`../vectors/mustache/${name}.json`, import.meta.url), 'utf8')).tests

/** Where a key with dots comes first, other than the specification has it: senders have such keys. */
const longestKeyFirst: ReadonlyMap<string, string> = new Map([
  ['Dotted Names are never single keys', 'c'],
  ['Dotted Names - No Masking', 'c'],
])

const unescapeHtml = (text: string): string =>
  text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

const renderText = (source: string, view: View, options?: RenderOptions): string => {
  const rendering = render(compileTemplate(source), view, options)
  assert.equal(rendering.kind, 'text')
  return rendering.kind === 'text' ? rendering.text : ''
}

const whyFailed = (source: string, view: View, options?: RenderOptions): string => {
  const rendering = render(compileTemplate(source), view, options)
  assert.equal(rendering.kind, 'failed')
  return rendering.kind === 'failed' ? rendering.why : ''
}

const refusalOf = (source: string): string => {
  try {
    compileTemplate(source)
  } catch (thrown) {
    assert(thrown instanceof Failure)
    assert.equal(thrown.code, 'config_invalid')
    return thrown.message
  }
  throw new assert.AssertionError({ message: `${source} should not have parsed` })
}

describe('the mustache specification', () => {
  let count = 0
  for (const file of ['comments', 'delimiters', 'interpolation', 'inverted', 'sections'])
    for (const { name, template, data, expected } of specFile(file)) {
      const usesPartials = file === 'delimiters' && template.includes('{{>')
      count++
      it(`${file}: ${name}`, () => {
        if (usesPartials) assert.match(refusalOf(template), /Partials are not supported/)
        else assert.equal(renderText(template, data), longestKeyFirst.get(name) ?? unescapeHtml(expected))
      })
    }
  for (const { name, template } of specFile('partials')) {
    count++
    it(`partials are refused: ${name}`, () => {
      assert.match(refusalOf(template), /^line \d+, column \d+: Partials are not supported/)
    })
  }
  it('is complete', () => assert.equal(count, 136))
})

describe('compileTemplate', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['{{name', /^line 1, column 7: Unclosed tag\.$/],
    ['one\ntwo {{#a}}\nthree {{/b}}', /^line 3, column 7: Unclosed section "a"\.$/],
    ['a\n  {{/b}}', /^line 2, column 3: Unopened section "b"\.$/],
    ['{{#a}}\n', /^line 2, column 1: Unclosed section "a"\.$/],
    ['text\n{{=<% =}}', /^line 2, column 1: Invalid tags/],
    ['x\n {{> other}}', /^line 2, column 2: Partials are not supported: "other"\.$/],
    ['{{#a}}{{> other}}{{/a}}', /^line 1, column 7: Partials/],
    ['{{#a}}'.repeat(65) + '{{/a}}'.repeat(65), /^line 1, column 385: Sections nest deeper than 64/],
    ['x'.repeat(65_537), /longer than 65536/],
  ]
  for (const [source, expected] of cases)
    it(`refuses ${JSON.stringify(source.slice(0, 40))}`, () => assert.match(refusalOf(source), expected))
})

describe('render', () => {
  it('leaves HTML and everything else as it was sent', () => {
    const view = { x: 'acme/billing & "x" <b> `=\'' }
    for (const tag of ['{{x}}', '{{{x}}}', '{{&x}}']) assert.equal(renderText(tag, view), view.x)
  })

  it('keeps every digit of a number', () => {
    for (const source of ['12345678901234567890', '1.10', '1e400', '-0', '0.1', '42', '1E5'])
      assert.equal(renderText('{{n}}', { n: numberView(source) }), source)
  })

  it('shows lists and objects as JSON', () => {
    const view = { a: [1, 'x"y', null, true], b: { n: numberView('1.10') }, c: {}, d: [] }
    assert.equal(renderText('{{a}}', view), '[1,"x\\"y",null,true]')
    assert.equal(renderText('{{.}}', view), '{"a":[1,"x\\"y",null,true],"b":{"n":1.10},"c":{},"d":[]}')
  })

  it('reaches list items by index', () => {
    assert.equal(renderText('{{a.1.b}}', { a: [{ b: 'x' }, { b: 'y' }] }), 'y')
  })

  it('treats zero, however spelled, as false', () => {
    for (const source of ['0', '-0', '0.00', '0e9'])
      assert.equal(renderText('{{#n}}yes{{/n}}{{^n}}no{{/n}}', { n: numberView(source) }), 'no')
    assert.equal(renderText('{{#n}}{{.}}{{/n}}', { n: numberView('0.10') }), '0.10')
  })

  it('reaches no prototype, function or accessor', () => {
    const names = ['__proto__', 'constructor', 'toString', 'length', 'constructor.name', '__defineGetter__']
    for (const name of [...names, 'a.length', 's.length', 's.trim', 'a.map', 'o.hasOwnProperty', 'f', 'g']) {
      const view: object = {
        a: [1],
        s: 'x',
        o: {},
        f: () => 'called',
        get g() {
          return 'got'
        },
      }
      const template = `<{{${name}}}{{#${name}}}in{{/${name}}}>`
      assert.equal(renderText(template, view as View), '<>', name)
    }
  })

  it('does not read templates out of values', () => {
    assert.equal(renderText('{{a}}', { a: '{{b}}{{> c}}', b: 'no' }), '{{b}}{{> c}}')
  })

  it('stops a small body that would grow to megabytes', () => {
    const body = JSON.parse(`{"a":[${'1,'.repeat(299)}1]}`)
    const template = '{{#a}}{{#a}}{{#a}}{{#a}}xxxxxxxxxx{{/a}}{{/a}}{{/a}}{{/a}}'
    assert.match(whyFailed(template, body), /too (long|much work)/)
  })

  it('counts as work each name that may be one key with dots', () => {
    const path = 'a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p'
    const template = compileTemplate(`{{#a}}{{^${path}}}{{/${path}}}{{/a}}`)
    const view = { a: Array.from({ length: 100 }, () => ({})) }
    assert.equal(render(template, view, { maxSteps: 1500 }).kind, 'failed')
    assert.equal(render(template, view, { maxSteps: 4000 }).kind, 'text')
  })

  it('stops work that writes nothing', () => {
    const body = { a: Array.from({ length: 1000 }, () => 1) }
    assert.match(whyFailed('{{#a}}{{#a}}{{#a}}{{/a}}{{/a}}{{/a}}', body), /too much work/)
    assert.match(whyFailed('{{#a}}{{#a}}{{#a}}{{b}}{{/a}}{{/a}}{{/a}}', body), /too much work/)
  })

  it('bounds the length of what it makes', () => {
    assert.equal(renderText('{{a}}', { a: 'x'.repeat(10) }, { maxLength: 10 }).length, 10)
    assert.match(whyFailed('{{a}}', { a: 'x'.repeat(11) }, { maxLength: 10 }), /too long/)
    assert.match(whyFailed('{{a}}', { a: ['x'.repeat(11)] }, { maxLength: 10 }), /too long/)
    assert.match(whyFailed('0123456789{{a}}', { a: 'x' }, { maxLength: 10 }), /too long/)
  })

  it('survives a value that contains itself', () => {
    const view: Record<string, View> = {}
    view.self = view
    assert.match(whyFailed('{{self}}', view), /nests too deeply/)
  })

  it('hands each value to interpolate, raw or not', () => {
    const interpolate = (text: string, raw: boolean) => (raw ? text : encodeURIComponent(text))
    assert.equal(renderText('a b {{x}} {{{x}}} {{missing}}', { x: 'c d' }, { interpolate }), 'a b c%20d c d ')
  })

  it('bounds what interpolate adds', () => {
    assert.match(
      whyFailed('{{x}}', { x: 'ab' }, { maxLength: 5, interpolate: (t) => t.repeat(9) }),
      /too long/,
    )
  })

  it('never throws and stays within its bounds, whatever the payload', () => {
    const template = compileTemplate('{{#a}}{{b}}{{#c}}{{.}}{{/c}}{{^c}}-{{/c}}{{/a}}{{a}}{{b.c}}')
    const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'length')
    const { tree } = fc.letrec<{ tree: View }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'medium' },
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('tree')),
        fc.dictionary(key, tie('tree')),
      ),
    }))
    fc.assert(
      fc.property(tree, (view) => {
        const rendering = render(template, view, { maxLength: 50, maxSteps: 100 })
        if (rendering.kind === 'text') assert(rendering.text.length <= 50)
      }),
    )
  })
})

describe('render: keys with dots', () => {
  const cases: readonly (readonly [source: string, view: object, expected: string])[] = [
    ['{{labels.service.name}}', { labels: { 'service.name': 'api' } }, 'api'],
    ['{{service.name}}', { 'service.name': 'api' }, 'api'],
    ['{{a.b.c}}', { 'a.b': { c: 'long' }, a: { 'b.c': 'short', b: { c: 'shorter' } } }, 'long'],
    ['{{a.b.c}}', { a: { 'b.c': 'long', b: { c: 'short' } } }, 'long'],
    ['{{a.b.c}}', { 'a.b': {}, a: { b: { c: 'hidden' } } }, ''],
    ['{{a.b}}', { 'a.b': null, a: { b: 'hidden' } }, ''],
    [
      '{{#labels.app.kubernetes.io/name}}{{.}}{{/labels.app.kubernetes.io/name}}',
      { labels: { 'app.kubernetes.io/name': 'web' } },
      'web',
    ],
    ['{{^a.b}}none{{/a.b}}', { 'a.b': false, a: { b: true } }, 'none'],
    [
      '{{#labels}}{{service.name}}{{/labels}}',
      { labels: { 'service.name': 'api' }, service: { name: 'outer' } },
      'api',
    ],
    ['{{#labels}}{{service.name}}{{/labels}}', { labels: { x: 1 }, service: { name: 'outer' } }, 'outer'],
    ['{{list.0.b.c}}', { list: [{ 'b.c': 'one' }] }, 'one'],
    ['{{.}}', { 'a.b': 1 }, '{"a.b":1}'],
    ['{{toString.name}}{{__proto__.x}}', { 'constructor.name': 'no' }, ''],
  ]
  for (const [source, view, expected] of cases)
    it(`${source} of ${JSON.stringify(view)} is "${expected}"`, async () => {
      const rendering = render(compileTemplate(source), await parseJson(JSON.stringify(view), async () => {}))
      assert.deepEqual(rendering, { kind: 'text', text: expected })
    })

  it('does bounded work for a path of very many names', () => {
    const source = `{{${'a.'.repeat(30_000)}a}}`
    assert.deepEqual(render(compileTemplate(source), { a: 'x' }), { kind: 'text', text: '' })
  })
})
