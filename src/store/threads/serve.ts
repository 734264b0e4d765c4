import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { Failure } from '../../domain/error.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Filed } from '../filed.ts'
import type { PostgresDeps } from '../postgres/database.ts'
import { openReader } from '../reader.ts'
import { openStore, type SqliteStore } from '../sqlite.ts'
import type { SteadyClock } from '../steady-clock.ts'
import {
  type Answer,
  type Method,
  movable,
  packFiled,
  type Question,
  type Reply,
  refusalOf,
  unpackDrafts,
} from './calls.ts'

/** Which files a thread opens, and whether it writes to them. */
export interface Setup {
  readonly kind: 'writer' | 'reader'
  readonly path: string
  readonly revokedFile?: string
  readonly keysDir?: string
  readonly postgres?: PostgresDeps
}

interface ThreadDeps {
  readonly platform: Platform
  /** Unix milliseconds. */
  readonly now: () => number
  /** What deliveries go by; without one the wall clock is trusted. */
  readonly steady?: SteadyClock
}

/** A thread's whole life: opens what its setup names, then answers calls until `close`. */
export async function serveThread(deps: ThreadDeps): Promise<void> {
  if (workerData.kind === 'client') {
    const { serveClient } = await import('../postgres/client-thread.ts')
    return serveClient()
  }
  const port = parentPort
  if (!port) throw new Error('This is a thread of the store, not a program.')
  const { kind, ...files } = workerData as Setup
  const reply = (first: Reply) => port.postMessage(first)
  try {
    let upgradedFrom: string | undefined
    const onUpgrade = (copy: string) => {
      upgradedFrom = copy
    }
    if (kind === 'reader') answer(port, openReader({ ...deps, ...files, believesMs: 0 }))
    else {
      const store = await openStore({ ...files, ...deps, onUpgrade, role: 'server' })
      answer(port, store, store.fileDeliveries)
    }
    reply({ opened: { ...(upgradedFrom !== undefined && { upgradedFrom }) } })
  } catch (thrown) {
    reply({ refused: refusalOf(thrown) })
  }
}

type Methods = Readonly<Partial<Record<Method, (...args: never[]) => unknown>>>

function answer(port: MessagePort, methods: Methods, fileAll?: SqliteStore['fileDeliveries']): void {
  const answered = createAnswers(port)
  port.on('message', (question: Question) => {
    if ('calls' in question)
      for (const [id, method, args] of question.calls)
        void called(methods, method, args).then(
          (value) => answered([id, value]),
          (thrown: unknown) => answered([id, null, refusalOf(thrown)]),
        )
    else {
      const drafts = unpackDrafts(question)
      const file = (filed: readonly (Filed | Failure)[]) =>
        port.postMessage({ filed: packFiled(filed) } satisfies Reply)
      void fileAll?.(drafts).then(file, (failure: Failure) => file(drafts.map(() => failure)))
    }
  })
}

/** Answers that are ready together, after one commit, go back in one message. */
function createAnswers(port: MessagePort): (one: Answer) => void {
  let ready: Answer[] = []
  const post = () => {
    const answers = ready
    ready = []
    port.postMessage({ answers } satisfies Reply, movable(answers.map(([, value]) => payloadOf(value))))
  }
  return (one) => {
    // After the reactions to the same commit, and before the next one begins.
    if (ready.push(one) === 1) queueMicrotask(post)
  }
}

const payloadOf = (value: unknown): Uint8Array | undefined =>
  typeof value === 'object' && value !== null && 'payload' in value && value.payload instanceof Uint8Array
    ? value.payload
    : undefined

async function called(methods: Methods, method: Method, args: readonly unknown[]): Promise<unknown> {
  const act = methods[method] as ((...args: unknown[]) => unknown) | undefined
  if (!act) throw new Error(`This thread has no ${method}.`)
  return act(...args)
}
