import { selfVariable } from '../../domain/capability.ts'
import type { DriverTools } from '../../domain/driver.ts'
import type { Session } from '../../domain/session.ts'

type Env = Readonly<Record<string, string | undefined>>

/**
 * What a program of ours inherits: everything but Postern's own settings and `secrets`, the variables that hold secrets of
 * the configuration. Of a system service's environment only what every program needs: the rest of an agent's is declared
 * as `env` of its session.
 */
export function agentEnv(
  env: Env,
  more: Readonly<Record<string, string>>,
  secrets: readonly string[] = [],
): Record<string, string | undefined> {
  const inherits = isService(env) ? isBare : isOrdinary
  const inherited = Object.entries(env).filter(([name]) => inherits(name) && !secrets.includes(name))
  return { ...Object.fromEntries(inherited), ...more }
}

/** What tells a program of ours which session it is in, and what it may do for that alone. */
export async function ownVariables(
  session: Pick<Session, 'id'>,
  { self }: Pick<DriverTools, 'self'>,
): Promise<Readonly<Record<string, string>>> {
  const file = await self?.()
  return { POSTERN_SESSION: session.id, ...(file !== undefined && { [selfVariable]: file }) }
}

/** For the small tools of the system. */
export const toolEnv = (env: Env = process.env): Record<string, string | undefined> => ({
  PATH: env.PATH,
  LC_ALL: 'C',
})

/** `PGPASSWORD` opens the store. */
const isOrdinary = (name: string): boolean =>
  (!name.startsWith('POSTERN_') && name !== 'PGPASSWORD') || name === 'POSTERN_HOME'

const isBare = (name: string): boolean => ['PATH', 'HOME', 'LANG', 'TERM', 'POSTERN_HOME'].includes(name)

/** Our unit says so; an older one is known by systemd's own word, which a user's manager and a child of a service lack. */
const isService = (env: Env): boolean =>
  env.POSTERN_SERVICE === '1' ||
  (env.SYSTEMD_EXEC_PID === String(process.pid) && env.MANAGERPID === undefined)
