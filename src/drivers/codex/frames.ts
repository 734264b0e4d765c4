import { Buffer } from 'node:buffer'

/** Kinds of frames (RFC 6455, 5.2). */
export const opcodes = { more: 0, text: 1, close: 8, ping: 9, pong: 10 } as const

/** A message is at most as long as this; the connection is given up over a longer one. Bytes. */
const maxMessage = 33_554_432

/** One frame of a client, which must mask what it sends (RFC 6455, 5.3). `mask` is four bytes of chance. */
export function frameOf(opcode: number, payload: Uint8Array, mask: Uint8Array): Buffer {
  const head = headOf(opcode, payload.length)
  const frame = Buffer.allocUnsafe(head.length + 4 + payload.length)
  frame.set(head)
  frame.set(mask, head.length)
  const start = head.length + 4
  for (let at = 0; at < payload.length; at++) frame[start + at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0)
  return frame
}

function headOf(opcode: number, length: number): Buffer {
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  head[0] = 0x80 | opcode
  head[1] = 0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127)
  if (head.length === 4) head.writeUInt16BE(length, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2)
  return head
}

export interface FrameEars {
  readonly text: (text: string) => void
  readonly ping: (payload: Buffer) => void
  readonly closed: () => void
}

/** Reads what a server sends. The function it returns throws a sentence when that is no WebSocket. */
export function readFrames(ears: FrameEars): (bytes: Buffer) => void {
  const stock = createStock()
  let parts: Buffer[] = []
  return (bytes) => {
    stock.add(bytes)
    for (let frame = next(stock); frame; frame = next(stock)) {
      if (frame.opcode === opcodes.ping) ears.ping(frame.payload)
      else if (frame.opcode === opcodes.close) ears.closed()
      else if (frame.opcode === opcodes.text || frame.opcode === opcodes.more) {
        parts.push(frame.payload)
        checkLength(parts.reduce((sum, part) => sum + part.length, 0))
        if (!frame.last) continue
        ears.text(Buffer.concat(parts).toString('utf8'))
        parts = []
      } else if (frame.opcode !== opcodes.pong) throw new Error('it sent a frame of an unknown kind')
    }
  }
}

interface Frame {
  readonly opcode: number
  readonly last: boolean
  readonly payload: Buffer
}

function next(stock: Stock): Frame | undefined {
  const head = stock.peek(2)
  if (!head) return undefined
  const [first = 0, second = 0] = head
  if ((first & 0x70) !== 0 || (second & 0x80) !== 0) throw new Error('it sent a frame that no server sends')
  const wide = (second & 0x7f) === 126 ? 2 : (second & 0x7f) === 127 ? 8 : 0
  const sized = stock.peek(2 + wide)
  if (!sized) return undefined
  const length =
    wide === 0 ? second & 0x7f : wide === 2 ? sized.readUInt16BE(2) : Number(sized.readBigUInt64BE(2))
  checkLength(length)
  const whole = stock.take(2 + wide + length)
  return whole && { opcode: first & 0x0f, last: (first & 0x80) !== 0, payload: whole.subarray(2 + wide) }
}

function checkLength(length: number): void {
  if (length > maxMessage) throw new Error('it sent a message that is too long')
}

interface Stock {
  add(bytes: Buffer): void
  peek(count: number): Buffer | undefined
  take(count: number): Buffer | undefined
}

/** Bytes that wait to be complete; joined only when as many are there as were asked for. */
function createStock(): Stock {
  let chunks: Buffer[] = []
  let length = 0
  const joined = (): Buffer => {
    if (chunks.length > 1) chunks = [Buffer.concat(chunks)]
    return chunks[0] ?? Buffer.alloc(0)
  }
  return {
    add: (bytes) => {
      chunks.push(bytes)
      length += bytes.length
    },
    peek: (count) => {
      const [first] = chunks
      if (length < count) return undefined
      return (first && first.length >= count ? first : joined()).subarray(0, count)
    },
    take: (count) => {
      if (length < count) return undefined
      const all = joined()
      chunks = all.length > count ? [all.subarray(count)] : []
      length -= count
      return all.subarray(0, count)
    },
  }
}
