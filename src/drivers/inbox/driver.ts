import type { Connection, Driver } from '../../domain/driver.ts'
import { Failure } from '../../domain/error.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { DriverSettings } from '../../domain/session.ts'

/** The message waits until the agent side fetches it and acknowledges its id. Nothing is ever pushed. */
export const inboxDriver: Driver = {
  kind: 'inbox',
  summary: 'messages wait until the agent fetches and acknowledges them (postern inbox)',
  delivery: 'pull',
  prepare: async (settings) => refuseSettings(settings),
  connect: () => connection,
}

function refuseSettings(settings: DriverSettings): DriverSettings {
  const given = Object.keys(settings).filter((name) => settings[name] !== undefined)
  if (given.length > 0)
    throw new Failure('usage', `An inbox session has no settings; leave out ${given.join(', ')}.`)
  return {}
}

const waiting: Outcome = { kind: 'busy', why: 'waits for pickup' }

const connection: Connection = {
  state: async () => ({ kind: 'idle' }),
  inject: async () => waiting,
  turn: async () => waiting,
  skills: async () => undefined,
  recall: async () => undefined,
  end: async () => {},
  close: async () => {},
}
