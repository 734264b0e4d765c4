import { pause } from '../../wait.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'
import type { Api } from './api.ts'

/** What a server tells of one conversation while somebody listens. The truth is what it answers when asked. */
export interface Events {
  /** Resolves at what happens next, from now on. */
  next(): Promise<void>
  close(): void
}

/** Listens until closed; `heard` gets what is about the conversation. A stream that ends is opened again. */
export function listen(
  api: Api,
  place: { readonly id: string; readonly directory: string },
  heard: (event: JsonObject) => void,
): Events {
  const closing = new AbortController()
  let bell = Promise.withResolvers<void>()
  let rung = false
  const ring = () => {
    rung = true
    bell.resolve()
  }
  const hear = (event: JsonObject) => {
    if (!isAbout(place.id, event)) return
    heard(event)
    ring()
  }
  void keepReading(api.urlOf('/event', { directory: place.directory }), api, hear, closing.signal)
  return {
    next: () => {
      if (rung) bell = Promise.withResolvers<void>()
      rung = false
      return bell.promise
    },
    close: () => {
      closing.abort()
      ring()
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

async function keepReading(
  url: string,
  api: Api,
  hear: (event: JsonObject) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await readOnce(url, api, hear, signal).catch(() => {})
    if (!signal.aborted) await pause(againMs, signal)
  }
}

async function readOnce(
  url: string,
  api: Api,
  hear: (event: JsonObject) => void,
  signal: AbortSignal,
): Promise<void> {
  const headers = api.headers()
  if (typeof headers === 'string') return
  const { ok, body } = await fetch(url, { headers, signal, redirect: 'manual' })
  if (!ok || !body) return
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const event = eventIn(line)
      if (event) hear(event)
    }
  }
}

/** One line holds one event (WHATWG, server-sent events); the other lines are passed over. */
function eventIn(line: string): JsonObject | undefined {
  if (!line.startsWith('data:')) return undefined
  try {
    const value = JSON.parse(line.slice('data:'.length)) as Json
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
