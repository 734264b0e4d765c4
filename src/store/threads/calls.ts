import { type Code, Failure, reasonOf } from '../../domain/error.ts'
import type { Draft } from '../../domain/ports.ts'
import type { Filed } from '../filed.ts'
import type { SqliteStore } from '../sqlite.ts'

// What crosses between the main thread and those of the store: many calls in one message, many answers in one message.

/** What a thread can be asked for. */
export type Method = Exclude<keyof SqliteStore, 'fileDeliveries' | 'recordDelivery'>

export type Call = readonly [id: number, method: Method, args: readonly unknown[]]

export type Answer =
  | readonly [id: number, value: unknown]
  | readonly [id: number, value: null, refusal: Refusal]

/** A `Failure` as plain data; its cause is in the text already. */
export interface Refusal {
  readonly code: Code
  readonly detail: string
  readonly extra: Failure['extra']
}

/** To a thread. Knocks cross as text, which costs a quarter of what copied objects do; their payloads beside it, small ones together. */
export type Question = { readonly calls: readonly Call[] } | Packed

interface Packed {
  /** In place of a payload its length where it is among those that lie together, else its place in `large`. */
  readonly drafts: string
  readonly together?: Uint8Array
  readonly large?: readonly Uint8Array[]
}

/** From a thread; `filed` answers the knocks of one question in their order. */
export type Reply =
  | { readonly opened: { readonly upgradedFrom?: string } }
  | { readonly refused: Refusal }
  | { readonly answers: readonly Answer[] }
  | { readonly filed: string }

export function refusalOf(thrown: unknown): Refusal {
  if (!(thrown instanceof Failure)) return { code: 'internal', detail: reasonOf(thrown), extra: {} }
  const { cause: _, ...extra } = thrown.extra
  return { code: thrown.code, detail: thrown.message, extra }
}

export const failureOf = ({ code, detail, extra }: Refusal): Failure => new Failure(code, detail, extra)

export function packDrafts(drafts: readonly Draft[]): Packed {
  const small: Uint8Array[] = []
  const large: Uint8Array[] = []
  const packed = drafts.map((draft) => {
    const { payload } = draft
    if (payload === undefined) return draft
    if (isLarge(payload)) return { ...draft, payload: [large.push(payload) - 1] }
    small.push(payload)
    return { ...draft, payload: payload.byteLength }
  })
  const text = JSON.stringify(packed)
  // A message of one text alone crosses in a tenth of the time.
  return small.length + large.length === 0
    ? { drafts: text }
    : { drafts: text, together: joined(small), large }
}

/** What is given away with it. */
export const movedWith = ({ together, large = [] }: Packed): ArrayBuffer[] =>
  movable(together ? [together, ...large] : large)

/** One after the other: to copy them costs less than to let each cross by itself. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const { byteLength } of parts) length += byteLength
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.byteLength
  }
  return all
}

export function unpackDrafts({ drafts: text, together = none, large = [] }: Packed): readonly Draft[] {
  const drafts: { payload?: number | [number] | Uint8Array | undefined }[] = JSON.parse(text)
  let at = 0
  for (const draft of drafts) {
    const { payload } = draft
    if (typeof payload === 'number') {
      draft.payload = together.subarray(at, at + payload)
      at += payload
    } else if (Array.isArray(payload)) draft.payload = large[payload[0]]
  }
  return drafts as unknown as readonly Draft[]
}

const none = new Uint8Array(0)

export const packFiled = (filed: readonly (Filed | Failure)[]): string =>
  JSON.stringify(filed.map((each) => (each instanceof Failure ? { refusal: refusalOf(each) } : each)))

export const unpackFiled = (text: string): readonly (Filed | { readonly refusal: Refusal })[] =>
  JSON.parse(text)

/** Moved instead of copied: what is large and alone in its buffer. */
const largeBytes = 65_536
const isLarge = ({ byteLength }: Uint8Array): boolean => byteLength > largeBytes

/** The buffers among these bytes that their sender gives away. */
export const movable = (bytes: readonly (Uint8Array | undefined)[]): ArrayBuffer[] =>
  bytes.flatMap((each) =>
    each && isLarge(each) && each.byteLength === each.buffer.byteLength ? [each.buffer as ArrayBuffer] : [],
  )
