import { homedir } from 'node:os'
import type { LocalHome } from '../cli/context.ts'
import { secretVariables } from '../config/secret-variables.ts'
import type { Home } from '../domain/home.ts'
import type { HostName } from '../domain/host.ts'
import { runsAt } from '../domain/session.ts'
import { createLog } from '../log.ts'
import { openSelf, renewSelves } from '../manage/own-session.ts'
import { joinedDoor } from './joined-door.ts'
import { lacksKeys } from './server-file.ts'

interface AgentsDeps extends Pick<LocalHome, 'store' | 'tokens' | 'clock'> {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: Home
  /** The host that this machine is; undefined for the door. */
  readonly host: HostName | undefined
  /** Throws what is wrong with the configuration. */
  readonly config: () => { readonly skills: { readonly dirs: readonly string[] } }
}

/** What a command does with the agents of this machine. */
export function agentsHere(deps: AgentsDeps): Pick<LocalHome, 'drivers' | 'connect' | 'skills' | 'selves'> {
  const { env, home, host, config, store, tokens, clock } = deps
  const drivers = async () => {
    const [{ allDrivers }, secrets] = await Promise.all([
      import('../drivers/index.ts'),
      secretVariables(home.configFile, env),
    ])
    return allDrivers(
      env,
      () => config().skills.dirs,
      () => secrets,
    )
  }
  const selves = { paths: home, store, tokens, clock }
  // Of a home that has joined a door the keys are there.
  const isUnsigned = () => joinedDoor(home) === undefined && lacksKeys(env, home)
  return {
    drivers,
    connect: async (session) => {
      // Of another machine's session only that can say anything; one that is about to be opened has no host yet.
      const driver = runsAt(session, host) ? (await drivers()).get(session.driver) : undefined
      return driver?.connect(session, {
        runDir: home.runDir,
        now: clock.now,
        log: createLog({ write: () => {}, now: clock.now, level: () => 'error', format: 'text' }),
        remember: (settings) => store.updateSettings(session.id, session.generation, settings),
      })
    },
    skills: async (session) => {
      const { sessionSkills } = await import('./session-skills.ts')
      const places = { root: home.root, userHome: env.HOME ?? homedir(), dirs: config().skills.dirs }
      return sessionSkills(places, undefined, session)
    },
    selves: {
      open: async (session) =>
        isUnsigned()
          ? (await import('./signed-by-server.ts')).signedByServer(home, session)
          : openSelf(selves, session),
      // The server does it, too, every few seconds.
      renew: async () => (isUnsigned() ? undefined : renewSelves(selves)),
    },
  }
}
