import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { frameOf, opcodes, readFrames } from '../../../src/drivers/codex/frames.ts'

const heardOf = (chunks: readonly Buffer[]) => {
  const heard = { texts: [] as string[], pings: [] as string[], closed: 0 }
  const read = readFrames({
    text: (text) => void heard.texts.push(text),
    ping: (payload) => void heard.pings.push(payload.toString()),
    closed: () => void heard.closed++,
  })
  for (const chunk of chunks) read(chunk)
  return heard
}

/** What a server sends: not masked. */
function served(opcode: number, payload: string, last = true): Buffer {
  const bytes = Buffer.from(payload)
  const long = bytes.length < 126 ? 0 : bytes.length < 65_536 ? 2 : 8
  const head = Buffer.alloc(2 + long)
  head[0] = (last ? 0x80 : 0) | opcode
  head[1] = long === 0 ? bytes.length : long === 2 ? 126 : 127
  if (long === 2) head.writeUInt16BE(bytes.length, 2)
  if (long === 8) head.writeBigUInt64BE(BigInt(bytes.length), 2)
  return Buffer.concat([head, bytes])
}

const cut = (bytes: Buffer, at: readonly number[]): readonly Buffer[] => {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

test('readFrames hears the same however the bytes come in', () => {
  const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 200 }), { maxLength: 6 })
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { maxLength: 8 }), (said, at) => {
      const bytes = Buffer.concat(said.map((text) => served(opcodes.text, text)))
      assert.deepEqual(heardOf(cut(bytes, at)).texts, said)
    }),
  )
})

for (const length of [0, 125, 126, 65_535, 65_536, 200_000])
  test(`readFrames and frameOf carry ${length} bytes`, () => {
    const text = 'x'.repeat(length)
    assert.deepEqual(heardOf([served(opcodes.text, text)]).texts, [text])
    const frame = frameOf(opcodes.text, Buffer.from(text), Buffer.from([1, 2, 3, 4]))
    const start = frame.length - length
    assert.deepEqual([...frame.subarray(start - 4, start)], [1, 2, 3, 4])
    assert.equal(Buffer.from(frame.subarray(start).map((byte, at) => byte ^ ((at & 3) + 1))).toString(), text)
  })

test('readFrames joins a message in parts, with a ping between them', () => {
  const [first, second] = [Buffer.from('grün 🎉').subarray(0, 4), Buffer.from('grün 🎉').subarray(4)]
  const part = (opcode: number, bytes: Buffer, last: boolean) =>
    Buffer.concat([Buffer.from([(last ? 0x80 : 0) | opcode, bytes.length]), bytes])
  const heard = heardOf([
    part(opcodes.text, first, false),
    served(opcodes.ping, 'there?'),
    part(opcodes.more, second, true),
    served(opcodes.close, ''),
  ])
  assert.deepEqual(heard, { texts: ['grün 🎉'], pings: ['there?'], closed: 1 })
})

const wrong: readonly (readonly [string, Buffer, RegExp])[] = [
  ['a masked frame', frameOf(opcodes.text, Buffer.from('x'), Buffer.alloc(4)), /no server sends/],
  ['a compressed frame', Buffer.from([0xc1, 0x00]), /no server sends/],
  ['an unknown kind', Buffer.from([0x83, 0x00]), /unknown kind/],
  ['too much', Buffer.from([0x81, 0x7f, 0, 0, 0, 1, 0, 0, 0, 0]), /too long/],
]
for (const [title, bytes, why] of wrong)
  test(`readFrames refuses ${title}`, () => {
    assert.throws(() => heardOf([bytes]), why)
  })
