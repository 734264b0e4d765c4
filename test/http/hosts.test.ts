import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createHosts, createPeers, remembered } from '../../src/http/hosts.ts'

const request = (headers: Record<string, string>) => ({ headers: new Headers(headers) }) as Request

describe('createHosts', () => {
  const hosts = createHosts(() => ['door.example'])
  const accepted = [
    'localhost',
    'localhost:7717',
    '127.0.0.1:7717',
    '[::1]:7717',
    'door.example',
    'DOOR.example:443',
  ]
  for (const host of accepted)
    it(`lets ${host} in`, () => assert.doesNotThrow(() => hosts.check(request({ host }))))

  for (const host of [
    'evil.example',
    '127.0.0.1.evil.example',
    'door.example.evil',
    '',
    'a',
    '10.0.0.1:7717',
  ])
    it(`refuses ${JSON.stringify(host)}`, () => assert.throws(() => hosts.check(request({ host })), /Host/))

  it('refuses a missing Host', () => assert.throws(() => hosts.check(request({}))))

  for (const origin of ['https://evil.example', 'null', 'https://door.example.evil', 'not a url'])
    it(`refuses the origin ${origin}`, () =>
      assert.throws(() => hosts.check(request({ host: 'localhost', origin })), /other sites/))

  it('an absolute-form target names an allowed host, too', () => {
    const cases = [
      [undefined, true],
      ['door.example:443', true],
      ['evil.example', false],
      ['user@localhost', false],
      ['', false],
    ] as const
    for (const [authority, isOurs] of cases) {
      const check = () =>
        createHosts(
          () => ['door.example'],
          () => authority,
        ).check(request({ host: 'localhost' }))
      if (isOurs) assert.doesNotThrow(check, authority)
      else assert.throws(check, /Host/, authority)
    }
  })

  it('lets its own pages in', () =>
    assert.doesNotThrow(() => hosts.check(request({ host: 'localhost', origin: 'http://localhost:7717' }))))
})

describe('createPeers', () => {
  const forwarded = request({ 'x-forwarded-for': '1.1.1.1, 203.0.113.9, 10.0.0.2' })
  it('believes no header without a trusted proxy', () =>
    assert.equal(createPeers(() => [])(forwarded, '10.0.0.1'), '10.0.0.1'))
  it('believes no header from somebody else', () =>
    assert.equal(createPeers(() => ['10.0.0.0/8'])(forwarded, '198.51.100.1'), '198.51.100.1'))
  it('takes the nearest address that is no proxy', () =>
    assert.equal(createPeers(() => ['10.0.0.0/8'])(forwarded, '::ffff:10.0.0.1'), '203.0.113.9'))
})

describe('remembered', () => {
  it('keeps the address of a request whose connection is closed meanwhile', () => {
    const answers = ['192.0.2.1', 'unknown', '192.0.2.2']
    const peer = remembered(() => answers.shift() ?? assert.fail())
    const request = new Request('http://localhost/')
    assert.deepEqual([peer(request), peer(request)], ['192.0.2.1', '192.0.2.1'])
    assert.equal(peer(new Request('http://localhost/')), 'unknown')
  })
})
