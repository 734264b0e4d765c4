import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Code, Failure } from '../../src/domain/error.ts'
import type { BodyFormat } from '../../src/domain/hook.ts'
import { parseNested } from '../../src/payload/nested.ts'
import { parsePayload } from '../../src/payload/parse.ts'
import { compileTemplate, render } from '../../src/payload/template.ts'
import { memberOf, type View } from '../../src/payload/view.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const parse = (text: string, contentType = 'application/json') => parsePayload(bytesOf(text), contentType)

const form = 'application/x-www-form-urlencoded'
const multipartType = 'multipart/form-data; boundary="XX"'

const multipart = (name: string, value: string): string =>
  `--XX\r\nContent-Disposition: form-data; name=${name}\r\n\r\n${value}\r\n--XX--\r\n`

const show = (source: string, view: View): string => {
  const rendering = render(compileTemplate(source), view)
  assert.equal(rendering.kind, 'text')
  return rendering.kind === 'text' ? rendering.text : ''
}

const refuses = (promise: Promise<View>, code: Code, detail = /./) =>
  assert.rejects(promise, (thrown) => {
    assert(thrown instanceof Failure)
    assert.equal(thrown.code, code)
    assert.match(thrown.message, detail)
    return true
  })

describe('parsePayload: JSON', () => {
  it('keeps numbers as they were sent', async () => {
    for (const source of ['12345678901234567890', '1.10', '1e400', '-0', '0.1', '7', '1E+2', '-1.5e-300'])
      assert.equal(
        show('{{n}} {{a}}', await parse(`{"n":${source},"a":[${source}]}`)),
        `${source} [${source}]`,
      )
  })

  it('lets the last of repeated keys count', async () => {
    assert.equal(show('{{a}}', await parse('{"a":1,"a":{"b":2},"a":"last"}')), 'last')
  })

  it('treats __proto__ as a key like any other', async () => {
    const view = await parse('{"__proto__":{"polluted":"data"},"constructor":"text"}')
    assert.equal(show('{{__proto__.polluted}} {{constructor}} {{polluted}}', view), 'data text ')
    assert.equal(memberOf({}, 'polluted'), undefined)
  })

  it('reads what JSON.parse reads, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const text = JSON.stringify(value)
        const spaced = JSON.stringify(value, null, ' \t')
        assert.equal(
          show('{{#v}}{{.}}{{/v}}', await parse(`{"v":[${text}]}`)),
          value === null ? '' : asText(value),
        )
        assert.deepEqual(await parse(spaced), await parse(text))
      }),
    )
  })

  it('refuses exactly what JSON.parse refuses', async () => {
    const noise = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      'a',
      '1',
      '-',
      '.',
      'e',
      '\\',
      'u',
      ' ',
      'true',
      'null',
      '\t',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(noise, { maxLength: 8 }), async (parts) => {
        const text = parts.join('')
        const valid = isJson(text) || text.trim() === ''
        const accepted = await parse(text).then(
          () => true,
          () => false,
        )
        assert.equal(accepted, valid, text)
      }),
      { numRuns: 3000 },
    )
  })

  const broken = [
    '{',
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    "{'a':1}",
    '01',
    '1.',
    '.5',
    '+1',
    'NaN',
    'tru',
    '1 2',
    '"\n"',
    '"\\x"',
    '[1}',
    '\u00a01',
  ]
  for (const text of broken)
    it(`refuses ${JSON.stringify(text)}`, () =>
      refuses(parse(text), 'malformed', /not valid JSON at character \d+/))

  it('refuses what nests too deeply, without running out of stack', async () => {
    for (const text of ['['.repeat(100_000), `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`])
      await refuses(parse(text), 'unprocessable', /deeper than 200/)
    assert.equal(show('{{#v}}ok{{/v}}', await parse(`{"v":${'['.repeat(199)}${']'.repeat(199)}}`)), 'ok')
  })

  it('refuses too many values and endless numbers', async () => {
    await refuses(parse(`[${'0,'.repeat(300_000)}0]`), 'unprocessable', /more than 300000 values/)
    await refuses(parse('1'.repeat(1001)), 'unprocessable', /longer than 1000/)
  })

  it('lets others run while it reads a large body', async () => {
    let pauses = 0
    const pause = async () => {
      pauses++
    }
    await parsePayload(bytesOf(`[${'0,'.repeat(99_999)}0]`), 'application/json', { pause })
    assert(pauses >= 4)
  })

  it('lets others run within a body of blanks, and refuses too many in a row', async () => {
    let pauses = 0
    const pause = async () => {
      pauses++
    }
    const gaps = `[${`${' '.repeat(900_000)}1,`.repeat(9)}1]`
    await parsePayload(bytesOf(gaps), 'application/json', { pause })
    assert(pauses >= 4)
    const blanks = bytesOf(`${' '.repeat(1_000_001)}1`)
    await refuses(parsePayload(blanks, 'application/json', { pause }), 'unprocessable', /blanks/)
  })

  it('refuses bytes that are not UTF-8', async () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
    ])
      await refuses(parsePayload(new Uint8Array(bytes), 'application/json'), 'malformed', /UTF-8/)
  })
})

describe('parsePayload: other types', () => {
  it('takes every JSON type, and none at all, as JSON', async () => {
    const types = ['', 'application/json; charset=utf-8', 'application/cloudevents+json', 'Application/JSON']
    const more = ['text/json', 'application/x-json', 'application/json; charset=latin1', 'model/gltf+json']
    for (const type of [...types, ...more, 'application/vnd.api+json;charset="UTF-8"'])
      assert.equal(show('{{a}}', await parse('{"a":"b"}', type)), 'b', type)
  })

  it('reads JSON that is sent under another type', async () => {
    const types = ['application/octet-stream', 'binary/octet-stream', 'text/html', 'application/xml', 'json']
    for (const type of [...types, 'text/javascript', 'text/plain; charset=UTF-8', form]) {
      assert.equal(show('{{a}}', await parse('\n {"a":"b"}', type)), 'b', type)
      assert.equal(show('{{#.}}{{a}}{{/.}}', await parse('[{"a":"b"}]', type)), 'b', type)
    }
  })

  const notJson = [
    ['application/xml', '<a/>'],
    ['application/octet-stream', '\0\u0001'],
    ['application/octet-stream', '{"a":'],
    ['text/html', '<p>{}</p>'],
    ['xapplication/json', 'x'],
  ] as const
  for (const [type, text] of notJson)
    it(`refuses ${text} of ${type}, and says what helps`, () =>
      refuses(parse(text, type), 'unsupported_media_type', /bodyFormat/))

  it('takes what has no type and does not begin as JSON does for text', async () => {
    for (const text of ['disk is full', 'a=b&c=d', '<a/>', '42', 'null'])
      assert.equal(show('{{text}}|{{body}}', await parse(text, '')), `${text}|${text}`)
    for (const text of ['{"a":', ' [1'])
      await refuses(parse(text, ''), 'malformed', /not valid JSON at character/)
  })

  it('takes what is of any other type for text where text is all that is wanted', async () => {
    for (const type of ['application/xml', 'text/csv', 'application/octet-stream', 'multipart/mixed']) {
      const of = (bytes: Uint8Array) => parsePayload(bytes, type, { wholeText: () => true })
      assert.equal(show('{{text}}', await of(bytesOf('<a>,1</a>'))), '<a>,1</a>', type)
      await refuses(of(new Uint8Array([0xff, 0xfe])), 'malformed', /UTF-8/)
    }
  })

  it('takes an empty body of any type for an empty object', async () => {
    const types = ['', 'application/json', 'text/plain', 'image/png', form, 'multipart/form-data; boundary=x']
    for (const type of types)
      for (const text of ['', ' \r\n\t'])
        assert.deepEqual(await parse(text, type), Object.create(null), `${type} ${JSON.stringify(text)}`)
  })

  it('obeys bodyFormat whatever the type says', async () => {
    const of = (format: BodyFormat, text: string, type: string) =>
      parsePayload(bytesOf(text), type, { format })
    assert.equal(show('{{a}}', await of('json', '{"a":1}', 'image/png')), '1')
    assert.equal(show('{{a}}', await of('form', 'a=1', 'application/json')), '1')
    assert.equal(show('{{body}}', await of('text', '{"body":1}', 'application/json')), '{"body":1}')
    assert.equal(show('{{a}}', await of('form', multipart('a', '1'), multipartType)), '1')
    await refuses(of('json', 'a=1', form), 'malformed')
  })

  it('reads the fields of a form', async () => {
    const view = await parse('command=%2Fdeploy&text=a+b%26c&x=1&x=2&empty=&bare&=odd&__proto__=p', form)
    assert.equal(
      show('{{command}}|{{text}}|{{x}}|{{empty}}|{{bare}}|{{__proto__}}', view),
      '/deploy|a b&c|2|||p',
    )
  })

  it('unwraps a lone payload field', async () => {
    const view = await parse(`payload=${encodeURIComponent('{"a":{"n":1.10}}')}`, form)
    assert.equal(show('{{a.n}}', view), '1.10')
    assert.equal(show('{{payload.a.n}} {{.}}', view), '1.10 {"a":{"n":1.10}}')
    assert.equal(show('{{payload.a.n}}', await parseNested(view, ['payload'])), '1.10')
    assert.equal(show('{{payload}}', await parse('payload=x&other=y', form)), 'x')
    assert.equal(show('{{payload}}', await parse('payload=hello', form)), 'hello')
    await refuses(parse('payload=%7B', form), 'malformed')
  })

  it('reads back what URLSearchParams writes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
        const view = await parse(new URLSearchParams({ text, also: '' }).toString(), form)
        assert.equal(memberOf(view, 'text'), text)
      }),
    )
  })

  it('keeps a stray % and replaces bytes that are no UTF-8, as the URL standard does', async () => {
    for (const text of [
      'disk 95% full',
      '%',
      '5%4',
      '%zz',
      '%ff',
      '%c0%80',
      '%%41',
      '100%25%',
      '%e2%82',
      'a+b%2B',
    ])
      assert.equal(
        show('{{a}}', await parse(`a=${text}`, form)),
        new URLSearchParams(`a=${text}`).get('a'),
        text,
      )
  })

  it('reads a long field as URLSearchParams does, wherever its slices end', async () => {
    const piece = fc.constantFrom('%', '%4', '%zz', '%c3%a9', '%e2%82%ac', '+', 'é', '😀', 'x', '%25')
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), fc.nat({ max: 8 }), async (pieces, before) => {
        const text = `+${'x'.repeat(131_071 - before)}${pieces.join('')}${'y'.repeat(131_072)}%41`
        const view = await parsePayload(bytesOf(`a=${text}`), form)
        assert(memberOf(view, 'a') === new URLSearchParams(`a=${text}`).get('a'), pieces.join(''))
      }),
      { numRuns: 60 },
    )
  })

  it('lets others run within a form, of one long field or of thousands', async () => {
    for (const fields of [1, 9000]) {
      let pauses = 0
      const pause = async () => void pauses++
      const text = `f=${'a%C3%A9+'.repeat(300_000 / fields)}&`.repeat(fields)
      await parsePayload(bytesOf(text), form, { pause })
      assert(pauses >= 15, `${fields}: ${pauses}`)
    }
  })

  it('refuses a form of too many fields', async () => {
    await refuses(parse('a&'.repeat(10_001), form), 'unprocessable', /10000 fields/)
    const part = multipart('a', '1').replace('--XX--\r\n', '')
    await refuses(parse(`${part.repeat(10_001)}--XX--\r\n`, multipartType), 'unprocessable', /10000 fields/)
  })

  it('reads the fields of a multipart form, and the names of its files', async () => {
    const file = 'Content-Disposition: form-data; name="shot"; filename="a b.png"\r\nContent-Type: image/png'
    const body = `--XX\r\n${file}\r\n\r\n\0\u0001\r\n${multipart('"größe"', 'über\r\n2')}`
    assert.equal(show('{{shot}}|{{größe}}', await parse(body, multipartType)), 'a b.png|über\r\n2')
    const withPayload = `--XX\r\n${file}\r\n\r\nx\r\n${multipart('payload', '{"event":"play"}')}`
    assert.equal(show('{{event}} {{shot}}', await parse(withPayload, multipartType)), 'play a b.png')
    const two = `${multipart('a', '1').replace('--XX--\r\n', '')}${multipart('b', 'x --XX y')}`
    assert.equal(show('{{a}}|{{b}}', await parse(`before\r\n${two}`, multipartType)), '1|x --XX y')
    for (const [text, type] of [
      [two.replace('name=b\r\n\r\n', 'name=b\n\n'), multipartType],
      ['nothing of the kind', multipartType],
      [multipart('a', '1'), 'multipart/form-data'],
      [multipart('a', '1').replaceAll('\r', ''), multipartType],
    ] as const)
      await refuses(parse(text, type), 'malformed', /multipart/)
  })

  it('shows plain text as text and as body', async () => {
    assert.equal(
      show('{{text}}{{body}}', await parse('hi {{x}}', 'text/plain; charset=utf-8')),
      'hi {{x}}hi {{x}}',
    )
  })

  it('keeps JSON that is plain text as a whole beside its names, and as nothing else where that is wanted', async () => {
    const text = '{"title":"x","text":"y"}'
    assert.equal(
      show('{{title}} {{text}} {{body}} {{.}}', await parse(text, 'text/plain')),
      `x y ${text} ${text}`,
    )
    const view = await parsePayload(bytesOf(text), 'text/plain', { wholeText: () => true })
    assert.equal(show('{{text}}{{title}}', view), text)
    assert.equal(show('{{text}}', await parse('{no json', 'text/plain')), '{no json')
  })
})

/** What a section over a list of this one value shows of it. */
const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
