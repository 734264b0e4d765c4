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

/** To a thread. Knocks cross as text, which costs a quarter of what copied objects do; their payloads beside it. */
export type Question = { readonly calls: readonly Call[] } | Packed

interface Packed {
  readonly drafts: string
  readonly payloads?: readonly Uint8Array[]
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

/** In the text a payload is its place among those beside it. */
export function packDrafts(drafts: readonly Draft[]): Packed {
  const payloads: Uint8Array[] = []
  const packed = drafts.map((draft) =>
    draft.payload === undefined ? draft : { ...draft, payload: payloads.push(draft.payload) - 1 },
  )
  const text = JSON.stringify(packed)
  // A message of one text alone crosses in a tenth of the time.
  return payloads.length === 0 ? { drafts: text } : { drafts: text, payloads }
}

export function unpackDrafts({ drafts: text, payloads = [] }: Packed): readonly Draft[] {
  const drafts: { payload?: number | Uint8Array | undefined }[] = JSON.parse(text)
  for (const draft of drafts) if (typeof draft.payload === 'number') draft.payload = payloads[draft.payload]
  return drafts as unknown as readonly Draft[]
}

export const packFiled = (filed: readonly (Filed | Failure)[]): string =>
  JSON.stringify(filed.map((each) => (each instanceof Failure ? { refusal: refusalOf(each) } : each)))

export const unpackFiled = (text: string): readonly (Filed | { readonly refusal: Refusal })[] =>
  JSON.parse(text)

/** Moved instead of copied: what is large and alone in its buffer. */
const largeBytes = 65_536

/** The buffers among these bytes that their sender gives away. */
export const movable = (bytes: readonly (Uint8Array | undefined)[]): ArrayBuffer[] =>
  bytes.flatMap((each) =>
    each && each.byteLength > largeBytes && each.byteLength === each.buffer.byteLength
      ? [each.buffer as ArrayBuffer]
      : [],
  )
