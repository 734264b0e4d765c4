import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  awaitsBody,
  bearerOf,
  headersToKeep,
  knockHeaders,
  preferredWaitMs,
  rawPath,
} from '../../src/http/request.ts'

const request = (headers: Record<string, string> = {}, url = 'http://localhost/hook/x') =>
  new Request(url, { headers })

describe('preferredWaitMs', () => {
  const table: readonly [prefer: string | undefined, expected: number | undefined][] = [
    [undefined, undefined],
    ['wait=0', 0],
    ['wait=10', 10_000],
    ['respond-async, wait=3', 3000],
    ['respond-async', 0],
    ['wait="7"', 7000],
    ['Wait=2', 2000],
    ['wait=100000', 240_000],
    ['wait=-1', undefined],
    ['wait=soon', undefined],
    ['await=3', undefined],
  ]
  for (const [prefer, expected] of table)
    it(`reads ${prefer ?? 'no Prefer'} as ${expected}`, () =>
      assert.equal(preferredWaitMs(request(prefer === undefined ? {} : { prefer })), expected))
})

describe('bearerOf', () => {
  it('is undefined without the header, empty for another scheme', () => {
    assert.equal(bearerOf(request()), undefined)
    assert.equal(bearerOf(request({ authorization: 'Basic abc' })), '')
    assert.equal(bearerOf(request({ authorization: 'bearer abc' })), 'abc')
  })
})

describe('rawPath', () => {
  it('is the path as it was sent, without query', () => {
    assert.equal(rawPath(request({}, 'http://h:1/hook/a%2Eb?token=c')), '/hook/a%2Eb')
    assert.equal(rawPath(request({}, 'http://h')), '/')
  })
})

describe('headersToKeep', () => {
  it('keeps no credential', () => {
    const all = request({ authorization: 'Bearer x', cookie: 'y', 'user-agent': 'curl', 'x-api-key': 'z' })
    assert.deepEqual(headersToKeep(all, knockHeaders), { 'user-agent': 'curl' })
  })
})

describe('awaitsBody: a body that nobody reads holds no connection', () => {
  const post = (headers: Record<string, string>) =>
    new Request('http://localhost/', { method: 'POST', headers, body: '{}' })
  const table: readonly [title: string, request: Request, expected: boolean][] = [
    ['no body', request(), false],
    ['an empty body', request({ 'content-length': '0' }), false],
    ['a body of known length', post({ 'content-length': '2' }), true],
    ['a body of unknown length', post({ 'transfer-encoding': 'chunked' }), true],
  ]
  for (const [title, asked, expected] of table)
    it(`is ${expected} of ${title}`, () => assert.equal(awaitsBody(asked), expected))

  for (const headers of [{ 'content-length': '2' }, { 'transfer-encoding': 'chunked' }])
    it(`is false of one that was read: ${Object.keys(headers)}`, async () => {
      const asked = post(headers)
      await asked.arrayBuffer()
      assert.equal(awaitsBody(asked), false)
    })
})
