import { pause } from '../../wait.ts'
import { isObject, type JsonObject, parseJson, textAt } from '../json.ts'
import type { Api } from './api.ts'

/** The events of one conversation. They only prompt a look: what counts is what the server answers then. */
export interface Events {
  /** Resolves once the first stream is open, or does not open. */
  readonly opened: Promise<void>
  /** Resolves at what happens next, from now on. */
  next(): Promise<void>
  close(): void
}

/** Listens until closed; `onEvent` gets what is about the conversation. A stream that ends is opened again. */
export function listen(
  api: Api,
  conversation: { readonly id: string; readonly directory: string },
  onEvent: (event: JsonObject) => void,
): Events {
  const closing = new AbortController()
  const opened = Promise.withResolvers<void>()
  let upcoming = Promise.withResolvers<void>()
  let announced = false
  const announce = () => {
    announced = true
    upcoming.resolve()
  }
  const pass = (event: JsonObject) => {
    if (!isAbout(conversation.id, event)) return
    onEvent(event)
    announce()
  }
  const { directory } = conversation
  void readEvents({ directory, api, onEvent: pass, opened: opened.resolve, signal: closing.signal })
  return {
    opened: opened.promise,
    next: () => {
      if (announced) upcoming = Promise.withResolvers<void>()
      announced = false
      return upcoming.promise
    },
    close: () => {
      closing.abort()
      announce()
    },
  }
}

const isAbout = (id: string, { properties }: JsonObject): boolean =>
  [
    textAt(properties, 'sessionID'),
    textAt(properties, 'info', 'sessionID'),
    textAt(properties, 'part', 'sessionID'),
  ].includes(id)

const againMs = 1000

interface EventStream {
  readonly directory: string
  readonly api: Pick<Api, 'headers' | 'urlOf'>
  readonly onEvent: (event: JsonObject) => void
  /** Each time that the stream is open, or does not open: events from before are lost. */
  readonly opened: () => void
  readonly signal: AbortSignal
}

/** All events of a folder, until aborted. */
export async function readEvents(stream: EventStream): Promise<void> {
  const { opened, signal } = stream
  while (!signal.aborted) {
    await readOnce(stream).catch(() => {})
    opened()
    if (!signal.aborted) await pause(againMs, signal)
  }
}

async function readOnce({ directory, api, onEvent, opened, signal }: EventStream): Promise<void> {
  const headers = api.headers()
  if (typeof headers === 'string') return
  const url = api.urlOf('/event', { directory })
  const { ok, body } = await fetch(url, { headers, signal, redirect: 'manual' })
  if (!ok || !body) return
  opened()
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const event = eventIn(line)
      if (event) onEvent(event)
    }
  }
}

/** One line holds one event (WHATWG, server-sent events); the other lines are passed over. */
function eventIn(line: string): JsonObject | undefined {
  const value = line.startsWith('data:') ? parseJson(line.slice('data:'.length)) : undefined
  return isObject(value) ? value : undefined
}
