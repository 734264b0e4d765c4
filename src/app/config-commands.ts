import type { ConfigFile, HookTarget, HookTools } from '../cli/context.ts'
import { type Config, configSchema, loadConfig } from '../config/load.ts'
import { printable } from '../config/printable.ts'
import { newNonce } from '../domain/fence.ts'
import { type Home, homeAt } from '../domain/home.ts'
import { sessionOfHook, withSession } from '../domain/hook.ts'
import { neededCommand } from '../inbound/delivery-curl.ts'
import { exampleOf, rehearse } from '../inbound/rehearse.ts'
import { namedHook } from '../inbound/send-signed.ts'
import { unknownDrivers } from '../manage/declared.ts'
import { becomeOwner, troubleWithOwner } from './home-owner.ts'
import { atTheDoor, joinedDoor } from './joined-door.ts'
import type { ProcessDeps } from './local-home.ts'
import { servedPublicUrl } from './server-file.ts'

/** The configuration of a home, for `config` and `doctor`. */
export function configFile({ env }: ProcessDeps, root: string): ConfigFile {
  becomeOwner(root)
  const home = homeAt(root)
  return {
    file: home.configFile,
    schema: configSchema,
    load: async () => {
      const config = await loadConfig({ home, env, flags: {} })
      const warnings = [...config.warnings, ...(await declaredWarnings(env, config))]
      const { publicUrl: configured, ...server } = config.server
      const publicUrl = publicUrlOf(home, configured)
      return {
        ...{ printable: printable(config), warnings },
        server: { ...server, ...(publicUrl !== undefined && { publicUrl }) },
      }
    },
  }
}

/** As URLs of grants begin with it. Of a home that is not its user's alone nothing is read, for it might never end. */
const publicUrlOf = (home: Home, configured: string | undefined): string | undefined =>
  troubleWithOwner(home) ? configured : servedPublicUrl(home, configured)

/** Drivers are loaded only where a session is declared. */
async function declaredWarnings(env: ProcessDeps['env'], config: Config): Promise<readonly string[]> {
  const { declared } = config.sessions
  if (declared.length === 0) return []
  const { allDrivers } = await import('../drivers/index.ts')
  return unknownDrivers(
    allDrivers(env, () => []),
    declared,
  )
}

/** Where the built-in hooks and those of the configuration deliver to; nowhere while webhooks are disabled. */
function targetsOf({ webhooks, sessions }: Config): readonly HookTarget[] {
  if (!webhooks.enabled) return []
  const declared = sessions.declared.map(({ id }) => id)
  return [
    { name: 'wake', session: sessions.wake, turns: false, builtIn: true },
    { name: 'agent', session: sessions.agent, turns: true, builtIn: true },
    ...webhooks.hooks
      .filter(({ active }) => active)
      .map((hook) => ({
        name: hook.name,
        session: sessionOfHook(hook, sessions),
        turns: hook.action === 'agent',
        builtIn: false,
      })),
  ].filter(({ session }) => !declared.includes(session))
}

/** The hooks of a home, for `hooks ls` and `hooks test`. */
export async function hookTools({ env, clock }: ProcessDeps, root: string): Promise<HookTools> {
  becomeOwner(root)
  const home = homeAt(root)
  const joined = joinedDoor(home)
  if (joined) throw atTheDoor(joined)
  const config = await loadConfig({ home, env, flags: {}, ignoreSecretProblems: true })
  return {
    list: async () => config.webhooks.hooks.map((hook) => withSession(hook, config.sessions)),
    targets: async () => targetsOf(config),
    test: async (name, payload, headers) => {
      const hook = namedHook(config.webhooks.hooks, name)
      const nonce = newNonce(clock)
      const sample = payload ? { payload, headers } : exampleOf(hook, headers)
      const rehearsal = await rehearse(hook, sample, nonce)
      const { skill } = hook
      return rehearsal.kind === 'message'
        ? {
            ...rehearsal,
            session: sessionOfHook(hook, config.sessions),
            ...(skill !== undefined && { skill }),
          }
        : rehearsal
    },
    curl: async (record, base) => {
      const { note, line } = neededCommand(record, config.webhooks.hooks)
      return { note, line: line({ base, now: clock.now() }) }
    },
  }
}
