import { Failure } from '../../domain/error.ts'
import type { Database, SqlRow, SqlValue, Statement } from '../../platform/platform.ts'
import { thrownLate } from '../connection.ts'
import type { Ask, ClientSetup, Order, Reply } from './client-thread.ts'
import { fromRow, toColumn, toPostgres, writes } from './dialect.ts'

/** A connection to PostgreSQL that answers as SQLite does: at once, for the thread that asks waits. */
export interface PostgresDatabase extends Database {
  readonly prepare: (text: string) => PostgresStatement
  /** How many statements it was given that change something. */
  readonly writes: () => number
  /** The rows of the last of these statements that has any. Parameters are not possible. */
  readonly ask: (statements: string, withinMs?: number) => readonly SqlRow[]
  /** Which process of the server answers, and which one it named when the connection was made: a pooler names another. */
  readonly served: () => { readonly by: number; readonly named: number | undefined }
  /** Whether what was not waited for has failed since the last call. */
  readonly hasFailedLate: () => boolean
  /** It answers nothing any more. */
  readonly isLost: () => boolean
}

export interface PostgresStatement extends Statement {
  /** Goes to the server with the next statement that is waited for; what it throws is thrown there, as `isLate`. */
  readonly later: (...values: SqlValue[]) => void
}

/** Is shown a database whenever a connection to it was opened, before anything there is changed; throws to refuse it. */
export type Judge = (database: PostgresDatabase, isRenewed: boolean) => void

export interface PostgresDeps {
  /** `postgres://user:password@host:port/database`, with what libpq calls `sslmode` where it is wanted. */
  readonly url: string
  /** The address of the module that calls `serveThread`. */
  readonly entry: string
  /** This process, as others who listen to the store hear of it (`listen.ts`). */
  readonly sender?: string
  /** For the one server of the store. */
  readonly serves?: boolean
  /** Whether tables that lack are made, and those of an earlier version changed; else that is refused. */
  readonly makes?: boolean
  /** How long a server waits for a transaction or a connection to begin until it counts its database as gone; else that takes its time. */
  readonly goneAfterMs?: number
  /** Longest time that an answer may take; then the connection counts as lost. 5 s. */
  readonly answerMs?: number
}

const quickMs = 5000
/** How long a connection may take to be made. Milliseconds. */
export const connectMs = 15_000

const lost = Symbol('the connection is lost')

/** What is thrown of a connection that does not answer any more. */
export const connectionLost = (why: string): Error => new Error(why, { cause: lost })

export const isConnectionLost = (thrown: unknown): boolean => thrown instanceof Error && thrown.cause === lost

/** What was read of it is not to be believed any more, nor written to it what goes on from there. */
export const putBackMeanwhile = (): Failure =>
  new Failure(
    'store_unavailable',
    'The database was put back or exchanged while it was open. Restart the server: it says what to do.',
    { retryAfterMs: 1000 },
  )

function refusal({ why, code, isLost }: Extract<Reply, { why: string }>, isLate: boolean): Error {
  if (isLost) return connectionLost(why)
  if (isLate) return thrownLate(why)
  // The classes "data exception" and "integrity constraint violation" are the fault of the values (`isOwnFault`).
  return new Error(/^2[23]/.test(code ?? '') ? `it cannot store this: ${why}` : why)
}

/** Who waits may be woken by nothing, before the time is up. */
function waitForChange(flag: Int32Array, seen: number, withinMs: number): void {
  const until = performance.now() + withinMs
  for (let left = withinMs; left > 0 && Atomics.load(flag, 0) === seen; left = until - performance.now())
    Atomics.wait(flag, 0, seen, left)
}

/** Who was woken may be earlier than the message. */
function received(receive: () => Reply | undefined, withinMs: number): Reply | undefined {
  const until = performance.now() + withinMs
  const never = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    const message = receive()
    if (message !== undefined || performance.now() >= until) return message
    Atomics.wait(never, 0, 0, 1)
  }
}

/** Connects. Throws what the server says, or that the connection is lost. */
export function openDatabase(deps: PostgresDeps): PostgresDatabase {
  const coming = beginDatabase(deps)
  const database = coming.within(connectMs)
  if (database) return database
  coming.close()
  throw connectionLost(`the database did not answer within ${connectMs / 1000} s`)
}

/** A connection that is being made. */
export interface ComingDatabase {
  /** Undefined while it is not there; waits until so long after its beginning. Throws as `openDatabase`. */
  readonly within: (ms: number) => PostgresDatabase | undefined
  readonly close: () => void
}

export function beginDatabase({ url, entry, answerMs = quickMs }: PostgresDeps): ComingDatabase {
  const answered = new SharedArrayBuffer(4)
  const flag = new Int32Array(answered)
  // Here, not at the head: a store in a file starts without them.
  const { MessageChannel, receiveMessageOnPort, Worker } = process.getBuiltinModule('node:worker_threads')
  const { port1, port2 } = new MessageChannel()
  const setup: ClientSetup = { kind: 'client', url, answered, port: port2 }
  const thread = new Worker(new URL(entry), { workerData: setup, transferList: [port2] })
  thread.unref()
  const receive = () => receiveMessageOnPort(port1)?.message as Reply | undefined
  let changing = 0
  let isLost = false
  let unsent: Order[] = []
  let failedLate = false

  const request = (ask: Ask, withinMs: number): Exclude<Reply, { why: string }> => {
    if (isLost) throw connectionLost('the connection to the database is lost')
    const seen = Atomics.load(flag, 0)
    const first = ask.statement === 'ROLLBACK' ? [] : unsent
    unsent = []
    port1.postMessage(first.length > 0 ? { ...ask, before: first } : ask)
    waitForChange(flag, seen, withinMs)
    const message = received(receive, Atomics.load(flag, 0) === seen ? 0 : withinMs)
    if (message === undefined) {
      isLost = true
      throw connectionLost(`the database did not answer within ${withinMs / 1000} s`)
    }
    if (!('why' in message)) return message
    isLost = message.isLost
    const isLate = (message.place ?? 0) < first.length
    failedLate ||= isLate
    throw refusal(message, isLate)
  }
  const prepare = (text: string) => {
    const statement = toPostgres(text)
    const by = writes(text) ? 1 : 0
    const orderOf = (values: readonly SqlValue[]): Order => {
      changing += by
      return { statement, values: values.map(toColumn) }
    }
    const ask = (values: readonly SqlValue[]) => request(orderOf(values), answerMs)
    return {
      later: (...values: SqlValue[]) => void unsent.push(orderOf(values)),
      run: (...values: SqlValue[]) => ask(values).count,
      all: (...values: SqlValue[]) => ask(values).rows.map(fromRow),
      get: (...values: SqlValue[]) => {
        const [row] = ask(values).rows
        return row && fromRow(row)
      },
    }
  }
  const ask = (statement: string, withinMs = answerMs) => request({ statement }, withinMs).rows.map(fromRow)
  const close = () => {
    isLost = true
    port1.close()
    void thread.terminate()
  }
  const database: PostgresDatabase = {
    ...{ prepare, ask, close },
    exec: (statements) => void ask(statements),
    served: () => {
      const { rows, pid } = request({ statement: 'SELECT pg_backend_pid() AS pid' }, answerMs)
      return { by: Number(rows[0]?.pid), named: pid }
    },
    writes: () => changing,
    isLost: () => isLost,
    hasFailedLate: () => {
      const failed = failedLate
      failedLate = false
      return failed
    },
  }
  const until = (ms: number) => Math.max(0, begunAt + ms - performance.now())
  const within = (ms: number) => {
    Atomics.wait(flag, 0, 0, until(ms))
    if (Atomics.load(flag, 0) === 0) return undefined
    const message = received(receive, answerMs)
    if (message !== undefined && !('why' in message)) return database
    close()
    throw message ? refusal(message, false) : connectionLost('the connection to the database is lost')
  }
  const begunAt = performance.now()
  port1.postMessage({ statement: 'SELECT 1' } satisfies Ask)
  return { within, close }
}
