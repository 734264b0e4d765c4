import type { Discovered, DiscoveryPlace } from '../../domain/driver.ts'
import { oneLine } from '../../domain/one-line.ts'
import { isObject, type Json, textAt } from '../json.ts'
import type { Listener } from '../process/ports.ts'
import { createApi } from './api.ts'
import { updated } from './conversation.ts'
import { parseOpencode } from './settings.ts'
import { opencodeListeners, terminalOf } from './terminal.ts'

/** Conversations of opencode servers and terminals of this machine that listen on a port; it is only read. */
export async function discoverServers(place: DiscoveryPlace): Promise<readonly Discovered[]> {
  const here = await opencodeListeners(place.signal)
  return (await Promise.all(here.map((listener) => discoverAt(listener, place)))).flat()
}

/** The newest few; a person who wants another one knows its id. */
const shown = 3
const answerMs = 2000

async function discoverAt(listener: Listener, place: DiscoveryPlace): Promise<readonly Discovered[]> {
  const url = `http://127.0.0.1:${listener.port}`
  const api = createApi(parseOpencode({ url }), place.env)
  const signal = AbortSignal.any([place.signal, AbortSignal.timeout(answerMs)])
  const reply = await api.get('/session', { roots: 'true', limit: String(shown) }, signal)
  if (reply.kind === 'away') return [atUrl(url, reply.why)]
  if (reply.kind !== 'done' || !Array.isArray(reply.body)) return []
  const terminal = await terminalOf(listener)
  const all = reply.body.slice(0, shown)
  const used = terminal ? all.filter((session) => updated(session) >= terminal.startedAt).slice(0, 1) : all
  const isNew = !place.reached.some((settings) => settings.url === url)
  if (used.length === 0 && isNew)
    return [
      atUrl(
        url,
        terminal ? 'on its start page; the first message begins a conversation' : 'no conversation yet',
      ),
    ]
  return used
    .filter((session) => !isReached(url, session, place))
    .map((session) => conversationAt(url, session))
}

const addAt = (url: string) => ['--driver', 'opencode', '--url', url]

const atUrl = (url: string, why: string): Discovered => ({
  what: `opencode at ${url}, ${why}`,
  live: true,
  way: 'own',
  id: 'opencode',
  add: addAt(url),
})

const conversationAt = (url: string, session: Json): Discovered => ({
  what: `opencode at ${url} in ${textAt(session, 'directory')}, "${oneLine(textAt(session, 'title') ?? '')}"`,
  live: true,
  way: 'own',
  id: 'opencode',
  add: [...addAt(url), '--set', `sessionId=${textAt(session, 'id')}`],
})

const isReached = (url: string, session: Json, { reached }: DiscoveryPlace): boolean =>
  !isObject(session) ||
  reached.some((settings) => settings.url === url && settings.sessionId === textAt(session, 'id'))
