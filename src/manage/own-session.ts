import type { Capability } from '../domain/capability.ts'
import type { Driver, ProcessIdentity } from '../domain/driver.ts'
import { Failure } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import type { HostName } from '../domain/host.ts'
import type { Clock, DoorStore, Tokens } from '../domain/ports.ts'
import { sessionOrAnew } from '../domain/read-anew.ts'
import { isSameOpening, parseSessionId, runsAt, type Session } from '../domain/session.ts'
import { mintOwn } from './self.ts'
import {
  answerAsked,
  generationsIn,
  readSelfFile,
  removeSelfFile,
  selfFileOf,
  writeSelfFile,
} from './self-file.ts'

interface SelfDeps {
  readonly paths: Pick<Home, 'root' | 'runDir'>
  readonly store: Pick<DoorStore, 'addGrant' | 'listGrants' | 'revokeGrant' | 'findSession'>
  readonly tokens: Tokens
  readonly clock: Pick<Clock, 'now' | 'bytes'>
}

/**
 * The path of the file with the capability of that opening, written where it is not there yet. Throws `session_ended` and
 * `session_missing`.
 */
export async function openSelf(deps: SelfDeps, session: Session): Promise<string> {
  const { root: home, runDir } = deps.paths
  const { id, generation } = session
  const path = selfFileOf(runDir, generation)
  if (await readSelfFile(path)) return path
  const { token } = await mintOwn(deps, session)
  return writeSelfFile(runDir, { home, session: id, generation, token })
}

type Opening = Pick<Session, 'id' | 'generation'>

/** That opening is over: its file goes, and the grant of its capability is revoked. */
export async function closeSelf(
  { paths, store, clock }: Omit<SelfDeps, 'tokens'>,
  { id, generation }: Opening,
): Promise<void> {
  for (const grant of await store.listGrants({ session: id }))
    if (grant.verb === 'mint_own' && grant.generation === generation && grant.revokedAt === undefined)
      await store.revokeGrant(grant.id, clock.now())
  await removeSelfFile(paths.runDir, generation)
}

/** Closes the capabilities of openings that are over, and renews those that were signed with a key which counts no more. */
export async function renewSelves(deps: SelfDeps): Promise<void> {
  const { runDir } = deps.paths
  for (const generation of await generationsIn(runDir)) {
    const capability = await readSelfFile(selfFileOf(runDir, generation))
    if (capability) await renew(deps, capability)
    else await removeSelfFile(runDir, generation)
  }
}

/** Signs for commands of this home that have not the keys, and ask for the capability of an open session's agent. */
export const signAsked = (deps: SelfDeps & { readonly here: HostName | undefined }): Promise<void> =>
  answerAsked(deps.paths.runDir, async ({ session, generation }) => {
    const found = await sessionOrAnew(
      deps.store,
      parseSessionId(session),
      (one) => one.generation === generation,
    )
    if (isSameOpening(found, { generation }) && found && runsAt(found, deps.here)) await openSelf(deps, found)
  })

async function renew(deps: SelfDeps, { session, generation, token }: Capability): Promise<void> {
  const id = parseSessionId(session)
  const found = await deps.store.findSession(id)
  const lasts = found?.generation === generation && found.state !== 'ended'
  if (lasts && (await deps.tokens.read(token))) return
  await closeSelf(deps, { id, generation })
  if (lasts) await openSelf(deps, found)
}

interface DescentDeps {
  readonly store: Pick<DoorStore, 'listSessions'>
  readonly drivers: ReadonlyMap<string, Driver>
  /** The host that this machine is; absent for the door itself. */
  readonly here: HostName | undefined
  /** The processes that this one descends from, nearest first. */
  readonly ancestors: readonly ProcessIdentity[]
}

/**
 * The open session in whose agent this process runs: the nearest ancestor that carries one decides. Undefined outside of every
 * session. Throws `ambiguous` where that ancestor carries several.
 */
export async function sessionByDescent({
  store,
  drivers,
  ancestors,
  here,
}: DescentDeps): Promise<Session | undefined> {
  const sessions = await store.listSessions()
  const open = sessions.filter((session) => session.state !== 'ended' && runsAt(session, here))
  for (const ancestor of ancestors) {
    const asked = open.map((session) => drivers.get(session.driver)?.carries?.(session, ancestor))
    const carries = await Promise.all(asked)
    const [one, ...others] = open.filter((_, index) => carries[index])
    if (one && others.length > 0) throw severalSessions([one, ...others])
    if (one) return one
  }
  return undefined
}

const severalSessions = (sessions: readonly Session[]): Failure =>
  new Failure(
    'ambiguous',
    `This agent's process carries several sessions (${sessions.map(({ id }) => id).join(', ')}), and nothing tells in which one you are. Ask the person to end all but one of them, or to start you with: postern run --session <id> -- <agent>`,
  )

/** The capability that the first of these files which is there holds. */
export async function firstCapability(paths: readonly string[]): Promise<Capability | undefined> {
  const found = await Promise.all(paths.map(readSelfFile))
  return found.find((one) => one !== undefined)
}
