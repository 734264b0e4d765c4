import { sessionOf } from '../domain/session.ts'
import { agentSession, wakeSession } from './defaults.ts'
import type { Complain } from './problem.ts'
import type { ConfigDocument } from './schema.ts'
import type { SessionsConfig } from './types.ts'

export function buildSessions(
  written: NonNullable<ConfigDocument['sessions']>,
  complain: Complain,
): SessionsConfig {
  const { wake = wakeSession, agent = agentSession, allow = [], declared = {} } = written
  allow.forEach((id, i) => {
    if (id !== '*' && !isSessionId(id)) complain(['sessions', 'allow', i], 'must be a session id or "*"')
  })
  for (const id of Object.keys(declared))
    if (!isSessionId(id)) complain(['sessions', 'declared', id], 'is not a session id')
  return {
    wake,
    agent,
    allow,
    declared: Object.entries(declared).map(([id, { driver, settings = {}, permissions = [] }]) => ({
      id,
      driver,
      settings,
      permissions,
    })),
  }
}

const isSessionId = (id: string): boolean => sessionOf(`postern:/sessions/${id}`) !== undefined
