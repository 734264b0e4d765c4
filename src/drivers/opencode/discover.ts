import type { Discovered, DiscoveryPlace } from '../../domain/driver.ts'
import { oneLine } from '../../domain/one-line.ts'
import { agentRunBy } from '../agents/kinds.ts'
import { isObject, type Json, textAt } from '../json.ts'
import { listeners } from '../process/ports.ts'
import { createApi } from './api.ts'
import { parseOpencode } from './settings.ts'

/** Conversations of opencode servers and terminals of this machine that listen on a port; it is only read. */
export async function discoverServers(place: DiscoveryPlace): Promise<readonly Discovered[]> {
  const ports = await listeners((command) => agentRunBy(command.slice(0, 1)) === 'opencode', place.signal)
  return (await Promise.all(ports.map((port) => conversationsAt(`http://127.0.0.1:${port}`, place)))).flat()
}

/** The newest few; a person who wants another one knows its id. */
const shown = 3
const answerMs = 2000

async function conversationsAt(url: string, place: DiscoveryPlace): Promise<readonly Discovered[]> {
  const api = createApi(parseOpencode({ url }), place.env)
  const signal = AbortSignal.any([place.signal, AbortSignal.timeout(answerMs)])
  const reply = await api.get('/session', { roots: 'true', limit: String(shown) }, signal)
  const add = ['--driver', 'opencode', '--url', url]
  if (reply.kind === 'away')
    return [{ what: `opencode at ${url}: ${reply.why}`, live: true, id: 'opencode', add }]
  if (reply.kind !== 'done' || !Array.isArray(reply.body)) return []
  const open = reply.body.slice(0, shown).filter((session: Json) => !isReached(url, session, place))
  if (reply.body.length === 0 && !place.reached.some((settings) => settings.url === url))
    return [{ what: `opencode at ${url}, no conversation yet`, live: true, id: 'opencode', add }]
  return open.map((session: Json) => ({
    what: `opencode at ${url} in ${textAt(session, 'directory')}, "${oneLine(textAt(session, 'title') ?? '')}"`,
    live: true,
    id: 'opencode',
    add: [...add, '--set', `sessionId=${textAt(session, 'id')}`],
  }))
}

const isReached = (url: string, session: Json, { reached }: DiscoveryPlace): boolean =>
  !isObject(session) ||
  reached.some((settings) => settings.url === url && settings.sessionId === textAt(session, 'id'))
