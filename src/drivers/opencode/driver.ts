import type { Connection, Driver, DriverTools } from '../../domain/driver.ts'
import { isLoopback } from '../../domain/loopback.ts'
import type { DriverSettings, Session } from '../../domain/session.ts'
import type { DriverDeps } from '../deps.ts'
import { listensOnPort } from '../process/ports.ts'
import { createApi } from './api.ts'
import { newestConversation } from './conversation.ts'
import { discoverServers } from './discover.ts'
import { openSentJournal } from './journal.ts'
import type { Opening } from './opening.ts'
import { readiness } from './readiness.ts'
import { recover } from './recovery.ts'
import { watchRequests } from './requests.ts'
import { send } from './send.ts'
import { parseOpencode } from './settings.ts'
import { skillsOf } from './skill.ts'
import { terminalAt } from './terminal.ts'

/**
 * A conversation in an opencode server, or in an opencode terminal that has a port. A person may use it as well, so
 * nothing is answered in their place but what a person decides from afar, and nothing of it is ended.
 * To read on: settings, conversation, readiness; requests; send, follow, messages, outcome; recovery after a crash; api, events.
 */
export const opencodeDriver = (deps: DriverDeps): Driver => ({
  kind: 'opencode',
  summary: 'sends to a conversation in an opencode server or terminal (opencode serve, opencode --port P)',
  delivery: 'push',
  prepare: (settings) => prepare(deps, settings),
  discover: discoverServers,
  carries: ({ settings }, { pid }) => carries(parseOpencode(settings).url, pid),
  connect: (session, tools) => connect(deps, session, tools),
})

/** Its server, which may have other conversations as well. */
async function carries(url: string, pid: number): Promise<boolean> {
  const { hostname = '', port = '' } = URL.parse(url) ?? {}
  return isLoopback(hostname) && listensOnPort(pid, Number(port))
}

const prepareMs = 3000

/**
 * Without a choice the newest conversation is chosen now, where its server is there to ask, and not by a later message; of a
 * terminal the one on its screen. Where that shows its start page the first message begins one, and opens it there.
 */
async function prepare({ env }: DriverDeps, given: DriverSettings): Promise<DriverSettings> {
  const settings = parseOpencode(given)
  if (settings.sessionId !== undefined) return { ...settings }
  const api = createApi(settings, env)
  const newest = await newestConversation(api, AbortSignal.timeout(prepareMs), await terminalAt(settings.url))
  return { ...settings, ...(newest.kind === 'place' && { sessionId: newest.conversation.id }) }
}

function connect(deps: DriverDeps, session: Session, tools: DriverTools): Connection {
  const settings = parseOpencode(session.settings)
  const opening: Opening = {
    ...{ deps, session, tools, settings },
    api: createApi(settings, deps.env),
    journal: openSentJournal(tools.runDir, session),
    ending: new AbortController(),
    closing: new AbortController(),
    running: false,
    showing: false,
    unsettled: undefined,
  }
  if (tools.decisions) void watchRequests(opening, tools.decisions)
  return {
    state: (signal) => readiness(opening, signal),
    inject: (message, signal) => send(opening, message, signal),
    turn: (message, signal, on) => send(opening, message, signal, on),
    skills: (signal) => skillsOf(opening, signal),
    recall: (deliveryId) => recover(opening, deliveryId),
    end: async () => {
      opening.ending.abort()
      opening.closing.abort()
      await opening.journal.clear()
    },
    close: async () => opening.closing.abort(),
  }
}
