import type { Json, JsonObject } from '../json.ts'

/** The agent's process is over, so no answer will come. */
export interface Gone {
  readonly kind: 'gone'
  readonly why: string
}

/** Requests to an agent that wait for its answers, by their numbers. */
export interface Requests<Reply> {
  /** Sends under a new number. Resolves with the answer, or with why there will be none. */
  open(send: (id: number) => void): Promise<Reply | Gone>
  /** Passes over a number that nobody waits for. */
  answer(id: number, reply: Reply): void
  /** Answers everything that waits, and everything later, with `gone`. */
  fail(why: string): void
  /** Resolves with why, once `fail` was called. */
  readonly gone: Promise<string>
  failed(): boolean
}

export function createRequests<Reply>(): Requests<Reply> {
  const waiting = new Map<number, (reply: Reply | Gone) => void>()
  const { promise: gone, resolve: notifyGone } = Promise.withResolvers<string>()
  let why: string | undefined
  let last = 0
  return {
    open: (send) =>
      new Promise((resolve) => {
        if (why !== undefined) return resolve({ kind: 'gone', why })
        waiting.set(++last, resolve)
        send(last)
      }),
    answer: (id, reply) => {
      waiting.get(id)?.(reply)
      waiting.delete(id)
    },
    fail: (reason) => {
      const first = why ?? reason
      why = first
      for (const resolve of waiting.values()) resolve({ kind: 'gone', why: first })
      waiting.clear()
      notifyGone(first)
    },
    gone,
    failed: () => why !== undefined,
  }
}

/** How a command was answered, in the protocols that know no more than done and refused. */
export type CommandAnswer =
  | { readonly kind: 'done'; readonly data: JsonObject }
  | { readonly kind: 'refused'; readonly why: string }

/** Where ids are texts, as our own; NaN for the id of anybody else. */
export const textId = (id: number): string => `postern-${id}`
export const numberOf = (id: Json | undefined): number => Number(String(id).replace('postern-', ''))
