import { Worker } from 'node:worker_threads'
import { Failure, reasonOf } from '../../domain/error.ts'
import type { SqliteStore } from '../sqlite.ts'
import { type Call, failureOf, type Method, type Question, type Reply } from './calls.ts'
import { createKnocks, type Knocks } from './knocks.ts'
import type { Setup } from './serve.ts'

/** The main thread's end of one thread of the store. */
export interface Remote {
  /** Calls of one turn of the event loop cross together. Rejects as the method does, and with `store_unavailable` once the thread is gone. */
  call<M extends Method>(method: M, ...args: Parameters<SqliteStore[M]>): ReturnType<SqliteStore[M]>
  readonly record: Knocks['record']
  /** Answers what was called, closes the database, ends the thread. */
  close(): Promise<void>
}

interface Starting {
  /** The module that calls `serveThread`. */
  readonly entry: URL
  readonly setup: Setup
  /** Called once when the thread ends by itself: everything that was called is rejected then. */
  readonly onDeath: (why: string) => void
  readonly onUpgrade?: ((copy: string) => void) | undefined
}

/** `KnocksDeps.cheapMs`: a transaction of a server costs more than the few messages in it. */
const cheapMs = { file: 8, postgres: 2 }

/** Starts a thread and waits until it has opened its files. Throws what keeps it from that. */
export async function startThread({ entry, setup, onDeath, onUpgrade }: Starting): Promise<Remote> {
  const worker = new Worker(entry, { workerData: setup })
  const ask = (question: Question, moved: ArrayBuffer[] = []) => worker.postMessage(question, moved)
  const calls = createCalls(ask)
  const knocks = createKnocks({ ask, cheapMs: cheapMs[setup.postgres ? 'postgres' : 'file'] })
  const opened = Promise.withResolvers<void>()
  let ended = false
  const end = (why: string) => {
    ended = true
    const gone = new Failure('store_unavailable', `The thread of the store is gone: ${why}.`, {
      retryAfterMs: 1000,
    })
    opened.reject(gone)
    calls.end(gone)
    knocks.end(gone)
  }
  const died = (why: string) => {
    if (ended) return
    end(why)
    onDeath(why)
  }
  worker.on('error', (thrown) => died(reasonOf(thrown)))
  worker.on('exit', (code) => died(`it exited with code ${code}`))
  worker.on('message', (reply: Reply) => {
    if ('filed' in reply) knocks.settle(reply.filed)
    else if ('answers' in reply) calls.settle(reply.answers)
    else if ('refused' in reply) opened.reject(failureOf(reply.refused))
    else {
      if (reply.opened.upgradedFrom !== undefined) onUpgrade?.(reply.opened.upgradedFrom)
      opened.resolve()
    }
  })
  // Not waited for: nothing of it is needed any more.
  const stop = (why: string) => {
    end(why)
    void worker.terminate()
  }
  await opened.promise.catch((thrown: unknown) => {
    stop('it could not begin')
    throw thrown
  })
  const call = ((method: Method, ...args: unknown[]) => calls.make(method, args)) as Remote['call']
  return {
    call,
    record: knocks.record,
    close: async () => {
      await call('close')
      stop('it was closed')
    },
  }
}

interface Caller {
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: Failure) => void
}

/** Calls by number, until they are answered. */
function createCalls(ask: (question: Question) => void) {
  const open = new Map<number, Caller>()
  let last = 0
  let waiting: Call[] = []
  let over: Failure | undefined
  const send = () => {
    const calls = waiting
    waiting = []
    if (!over) ask({ calls })
  }
  return {
    make: (method: Method, args: readonly unknown[]) =>
      new Promise((resolve, reject) => {
        if (over) return reject(over)
        last += 1
        open.set(last, { resolve, reject })
        if (waiting.push([last, method, args]) === 1) setImmediate(send)
      }),
    settle: (answers: Extract<Reply, { answers: unknown }>['answers']) => {
      for (const [id, value, refusal] of answers) {
        const caller = open.get(id)
        open.delete(id)
        if (refusal) caller?.reject(failureOf(refusal))
        else caller?.resolve(value)
      }
    },
    end: (why: Failure) => {
      over = why
      for (const { reject } of open.values()) reject(why)
      open.clear()
    },
  }
}
