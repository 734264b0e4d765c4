import type { Connection, Driver, DriverTools } from '../../domain/driver.ts'
import type { DriverSettings, Session } from '../../domain/session.ts'
import { createApi } from './api.ts'
import { newestPlace } from './conversation.ts'
import { discoverServers } from './discover.ts'
import { stateOf } from './readiness.ts'
import { openRecord } from './record.ts'
import { recall } from './recovery.ts'
import { speak } from './send.ts'
import type { OpencodeDeps, Wire } from './session-state.ts'
import { parseOpencode } from './settings.ts'
import { skillsOf } from './skill.ts'

/**
 * A conversation in an opencode server, or in an opencode terminal that has a port. A person may use it as well, so
 * nothing is answered in their place, and nothing of it is ended.
 */
export const opencodeDriver = (deps: OpencodeDeps): Driver => ({
  kind: 'opencode',
  summary: 'speaks to a conversation in an opencode server or terminal (opencode serve, opencode --port P)',
  delivery: 'push',
  prepare: (settings) => prepare(deps, settings),
  discover: discoverServers,
  connect: (session, tools) => connect(deps, session, tools),
})

const prepareMs = 3000

/** Without a choice the newest conversation is chosen now, where its server is there to ask, and not by a later message. */
async function prepare({ env }: OpencodeDeps, given: DriverSettings): Promise<DriverSettings> {
  const settings = parseOpencode(given)
  if (settings.sessionId !== undefined) return { ...settings }
  const newest = await newestPlace(createApi(settings, env), AbortSignal.timeout(prepareMs))
  return { ...settings, ...(newest.kind === 'place' && { sessionId: newest.place.id }) }
}

function connect(deps: OpencodeDeps, session: Session, tools: DriverTools): Connection {
  const settings = parseOpencode(session.settings)
  const wire: Wire = {
    ...{ deps: deps, session, tools, settings },
    api: createApi(settings, deps.env),
    record: openRecord(tools.runDir, session),
    ending: new AbortController(),
    busy: false,
    unsettled: undefined,
  }
  return {
    state: (signal) => stateOf(wire, signal),
    inject: (message, signal) => speak(wire, message, signal),
    turn: (message, signal, on) => speak(wire, message, signal, on),
    skills: (signal) => skillsOf(wire, signal),
    recall: (deliveryId) => recall(wire, deliveryId),
    end: async () => {
      wire.ending.abort()
      await wire.record.clear()
    },
    close: async () => {},
  }
}
