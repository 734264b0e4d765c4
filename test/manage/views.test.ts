import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { baseUrl } from '../../src/manage/urls.ts'
import { recordView } from '../../src/manage/views.ts'
import { addDelivery, createWorld } from '../cli/fake-io.ts'

describe('recordView', () => {
  it('loses no byte of a payload', () => {
    const world = createWorld()
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string().map((text) => Buffer.from(`\ufeff${text}`)),
        ),
        (payload) => {
          const view = recordView(addDelivery(world, { payload: Uint8Array.from(payload) }))
          const encoding = view.payloadEncoding === 'base64' ? 'base64' : 'utf8'
          assert.deepEqual(Buffer.from(view.payload ?? '', encoding), Buffer.from(payload))
        },
      ),
    )
  })

  it('spells what is not there as null, so that every record has the same members', () => {
    const world = createWorld()
    const bare = recordView(addDelivery(world))
    const full = recordView(addDelivery(world, { answer: 'ok', settledAt: 1, payload: Uint8Array.of(65) }))
    assert.deepEqual(Object.keys(bare).sort(), Object.keys(full).sort())
    assert.deepEqual([bare.payload, bare.payloadEncoding, bare.answer], [null, null, null])
    assert.deepEqual([full.payload, full.payloadEncoding, full.answer], ['A', 'utf-8', 'ok'])
    assert.ok(!Object.values(bare).includes(undefined as never))
  })
})

describe('baseUrl', () => {
  const local = { host: '127.0.0.1', port: 7717 }
  const cases: readonly (readonly [url: string, ...Parameters<typeof baseUrl>])[] = [
    ['http://127.0.0.1:7717', local],
    ['http://127.0.0.1:40001', local, 'http://127.0.0.1:40001/'],
    [
      'https://hooks.example.org',
      { ...local, publicUrl: 'https://hooks.example.org/' },
      'http://127.0.0.1:40001',
    ],
    ['https://127.0.0.1:7717', { ...local, tls: {} }],
    ['http://127.0.0.1:80', { host: '0.0.0.0', port: 80 }],
    ['http://[::1]:80', { host: '::', port: 80 }],
    ['http://[fe80::1]:80', { host: 'fe80::1', port: 80 }],
  ]
  for (const [url, ...given] of cases) it(url, () => assert.equal(baseUrl(...given), url))
})
