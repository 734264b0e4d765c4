import { type MessagePort, workerData } from 'node:worker_threads'
import postgres, { type Options, type Sql } from 'postgres'
import { codeOf, reasonOf } from '../../domain/error.ts'
import type { SqlValue } from '../../platform/platform.ts'
import { withFiles } from './address.ts'

// A connection to PostgreSQL with a thread of its own, for a thread that waits for each answer (`database.ts`).

/** What the thread is begun with. */
export interface ClientSetup {
  readonly kind: 'client'
  readonly url: string
  /** Rises by one with every answer, and wakes who waits for it. */
  readonly answered: SharedArrayBuffer
  /** Where questions come from, and answers go to. */
  readonly port: MessagePort
}

export interface Order {
  readonly statement: string
  readonly values?: readonly SqlValue[]
}

/** Without values it may be several statements; then the rows are those of the last that has any. */
export interface Ask extends Order {
  /** Go before it on the same way; their rows are wanted by nobody. */
  readonly before?: readonly Order[]
}

export type Reply =
  | {
      readonly rows: readonly Readonly<Record<string, unknown>>[]
      readonly count: number
      /** The process that the server named when the connection was made. */
      readonly pid?: number | undefined
    }
  | {
      readonly why: string
      readonly code?: string
      readonly isLost: boolean
      /** Which of them all it was, from 0. */
      readonly place?: number
    }

/** Answers questions until the thread that asks ends this one. */
export function serveClient(): void {
  const { url, answered, port } = workerData as ClientSetup
  let isClosed = false
  let sql: Sql | undefined
  const answer = async (ask: Ask): Promise<Reply> => {
    // The client would go on over a new connection, in the middle of a transaction that is gone.
    if (isClosed) return closed
    try {
      sql ??= connect(url, {
        onclose: () => {
          isClosed = true
        },
      })
    } catch (thrown) {
      return { why: reasonOf(thrown), isLost: false }
    }
    return answerTo(sql, ask)
  }
  const flag = new Int32Array(answered)
  port.on('message', async (ask: Ask) => {
    port.postMessage(await answer(ask))
    Atomics.add(flag, 0, 1)
    Atomics.notify(flag, 0)
  })
}

const closed: Reply = { why: 'the connection was closed', isLost: true }

/** One connection; the client makes another when it is closed. Throws what is wrong with the files that the address names. */
export function connect(
  url: string,
  events: Pick<Options<never>, 'onclose'> & {
    readonly onnotify?: (channel: string, payload: string) => void
  },
): Sql {
  const { address, password, ssl } = withFiles(url)
  return postgres(address, {
    ...(password !== undefined && { password }),
    ...(ssl && { ssl }),
    max: 1,
    max_lifetime: null,
    ...events,
    connect_timeout: 10,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: 'postern', TimeZone: 'UTC' },
    types: { bigint: { to: 20, from: [20, 1700], parse: Number, serialize: String } },
  })
}

/** All are sent before the first answer comes: a transaction in which one failed takes no more, and its COMMIT undoes it. */
async function answerTo(sql: Sql, { before = [], ...last }: Ask): Promise<Reply> {
  const running = [...before, last].map((order) => run(sql, order))
  const ended = await Promise.allSettled(running)
  const failed = ended.findIndex(({ status }) => status === 'rejected')
  const [found, result] = [ended[failed], ended.at(-1)]
  if (found?.status === 'rejected') return { ...refusalOf(found.reason), place: failed }
  if (result?.status !== 'fulfilled') return closed
  const { value } = result
  return { rows: value.map((row) => ({ ...row })), count: value.count, pid: value.state?.pid }
}

const run = async (sql: Sql, { statement, values }: Order): Promise<Result> =>
  values ? sql.unsafe(statement, values as never[], prepared) : lastWithRows(await sql.unsafe(statement))

/** The client would send one without values as plain text, to be read and planned each time. */
const prepared = { prepare: true, simple: false }

function refusalOf(thrown: unknown): Extract<Reply, { why: string }> {
  const code = codeOf(thrown)
  return { why: reasonOf(thrown), ...(code !== undefined && { code }), isLost: !isOfStatement(code) }
}

type Result = readonly Readonly<Record<string, unknown>>[] & {
  readonly count: number
  readonly state?: { readonly pid: number }
}

/** Of several statements the client gives a list of results. */
function lastWithRows(result: unknown): Result {
  const results = result as Result | readonly Result[]
  if (!Array.isArray(results[0])) return result as Result
  const all = results as readonly Result[]
  return all.findLast((each) => each.length > 0) ?? (all.at(-1) as Result)
}

/** An SQLSTATE of PostgreSQL's own says that the server read the statement; its classes 08 and 57P say that the connection is gone. */
const isOfStatement = (code: string | undefined): boolean =>
  code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !/^(08|57P)/.test(code)
