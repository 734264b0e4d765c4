import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { type Code, Failure } from '../../src/domain/error.ts'
import { isPacked, unpack } from '../../src/payload/unpack.ts'

const plain = Buffer.from('{"title":"zipped"}')

describe('unpack', () => {
  const packed: readonly (readonly [header: string, bytes: Uint8Array])[] = [
    ['gzip', gzipSync(plain)],
    ['X-GZip', gzipSync(plain)],
    ['deflate', deflateSync(plain)],
    ['deflate', deflateRawSync(plain)],
    ['br', brotliCompressSync(plain)],
    ['deflate, gzip', gzipSync(deflateSync(plain))],
    ['gzip, UTF-8', gzipSync(plain)],
    ['gzip', Buffer.concat([gzipSync(plain.subarray(0, 5)), gzipSync(plain.subarray(5))])],
  ]
  for (const [header, bytes] of packed)
    it(`undoes ${header} of ${bytes.length} bytes`, async () => {
      assert(isPacked(header))
      assert.deepEqual(Buffer.from(await unpack(bytes, header, 100)), plain)
    })

  for (const header of ['', 'identity', 'Identity', 'IDENTITY ', 'UTF-8', 'utf8', 'iso-8859-1', 'none', ', '])
    it(`takes "${header}" for no packing at all`, async () => {
      assert(!isPacked(header))
      assert.equal(await unpack(plain, header, 1), plain)
    })

  const refused: readonly (readonly [what: string, header: string, bytes: Uint8Array, code: Code])[] = [
    ['one byte too many', 'gzip', gzipSync(Buffer.concat([plain, Buffer.alloc(1)])), 'too_large'],
    ['a bomb of gzip', 'gzip', gzipSync(Buffer.alloc(50_000_000)), 'too_large'],
    ['a bomb of br', 'br', brotliCompressSync(Buffer.alloc(5_000_000)), 'too_large'],
    ['a bomb within a bomb', 'gzip, gzip', gzipSync(gzipSync(Buffer.alloc(50_000_000))), 'too_large'],
    ['what is not packed', 'gzip', plain, 'malformed'],
    ['what is cut', 'gzip', gzipSync(plain).subarray(0, -9), 'malformed'],
    ['junk', 'br', Buffer.from('junk of no format'), 'malformed'],
    ['zstd', 'zstd', plain, 'unsupported_media_type'],
    ['compress', 'Compress', plain, 'unsupported_media_type'],
    ['three layers', 'gzip, gzip, gzip', plain, 'unsupported_media_type'],
  ]
  for (const [what, header, bytes, code] of refused)
    it(`refuses ${what}`, () =>
      assert.rejects(
        unpack(bytes, header, plain.length),
        (thrown) => thrown instanceof Failure && thrown.code === code,
      ))

  it('takes as much as is allowed', async () => {
    assert.deepEqual(Buffer.from(await unpack(gzipSync(plain), 'gzip', plain.length)), plain)
  })

  it('takes nothing for nothing', async () => {
    assert.equal((await unpack(new Uint8Array(), 'gzip', 10)).length, 0)
  })
})
