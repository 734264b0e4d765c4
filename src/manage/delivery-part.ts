import type { DeliveryRecord } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import { outside } from '../domain/fence.ts'
import { clean } from '../domain/message.ts'

/** A part of what came with a delivery. */
export interface DeliveryPart {
  /** Fenced. */
  readonly text: string
  readonly headers: Readonly<Record<string, string>>
  /** UTF-16 units of the whole text. */
  readonly total: number
  /** Where the next part begins; absent after the last one. */
  readonly next?: number
}

export const mostRead = 16_000

/** From `offset` on at most `limit` UTF-16 units, no character cut apart. Throws `usage` for an offset that is beyond the end. */
export function readPart(
  record: DeliveryRecord,
  { offset = 0, limit = mostRead }: { readonly offset?: number; readonly limit?: number },
  nonce: string,
): DeliveryPart {
  const whole = textOf(record)
  if (offset > whole.length) throw new Failure('usage', `It ends at ${whole.length}, before that offset.`)
  const end = wholeCharacters(whole, Math.min(whole.length, offset + Math.max(2, Math.min(limit, mostRead))))
  return {
    text: outside(whole.slice(offset, end), nonce, 'outside'),
    headers: record.headers,
    total: whole.length,
    ...(end < whole.length && { next: end }),
  }
}

/** What was sent, where that is text, else the message that was made of it. */
function textOf({ payload, message }: DeliveryRecord): string {
  if (!payload) return message
  try {
    return clean(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    return message
  }
}

const wholeCharacters = (text: string, end: number): number =>
  end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1)) ? end - 1 : end
