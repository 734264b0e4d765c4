import { oneLine } from '../../domain/one-line.ts'
import { isObject, type JsonObject, textAt } from '../json.ts'
import type { AppServer } from './app-server.ts'
import { at, complaintOf, statusOf } from './thread.ts'

/** A conversation that a server has open. */
export interface OpenThread {
  readonly id: string
  readonly cwd: string
  /** Its name, or how it began. */
  readonly title: string
  readonly state: 'idle' | 'busy' | 'waits'
}

/** Conversations of people: none that serve another one, and none that are not kept. */
export async function openThreads(server: AppServer): Promise<readonly OpenThread[]> {
  const reply = await server.call('thread/loaded/list', {})
  if (reply.kind !== 'result') throw new Error(complaintOf(reply))
  const { data } = reply.result
  const ids = (Array.isArray(data) ? data : []).filter((id) => typeof id === 'string')
  const threads = await Promise.all(ids.map((threadId) => server.call('thread/read', { threadId })))
  return threads.flatMap((read) => {
    const thread = read.kind === 'result' ? read.result.thread : undefined
    return isObject(thread) ? (openThread(thread) ?? []) : []
  })
}

const maxTitle = 60

function openThread(thread: JsonObject): OpenThread | undefined {
  const [id, cwd] = [textAt(thread, 'id'), textAt(thread, 'cwd')]
  if (id === undefined || cwd === undefined || thread.ephemeral === true) return undefined
  if (thread.parentThreadId != null || thread.canAcceptDirectInput === false) return undefined
  const title = textAt(thread, 'name') ?? textAt(thread, 'preview') ?? ''
  const state = statusOf(at(thread, 'status'))
  return {
    id,
    cwd,
    title: oneLine(title, maxTitle),
    state: state.kind !== 'active' ? 'idle' : state.waitsFor === undefined ? 'busy' : 'waits',
  }
}
