import type { Opened } from '../domain/channel.ts'
import { hexOf } from '../domain/digits.ts'
import type { Driver } from '../domain/driver.ts'
import { Failure } from '../domain/error.ts'
import { type Grant, type GrantId, parseVerb, type Verb, verbs } from '../domain/grant.ts'
import { builtInHooks } from '../domain/hook.ts'
import type { HostName } from '../domain/host.ts'
import { suggestion } from '../domain/nearest.ts'
import type { Clock, DoorStore, Tokens } from '../domain/ports.ts'
import { sessionOrAnew } from '../domain/read-anew.ts'
import {
  parseSessionId,
  requireOpen,
  runsAt,
  type Session,
  type SessionId,
  unknownSession,
} from '../domain/session.ts'
import { findGrant, noSuchGrant, requireGoing } from './find-grant.ts'

export interface ExposeDeps {
  readonly store: Pick<DoorStore, 'addGrant' | 'findSession' | 'listSessions'>
  readonly tokens: Pick<Tokens, 'mint'>
  readonly clock: Pick<Clock, 'now' | 'bytes'>
  /** For whoever names no lifetime. */
  readonly defaultTtlSeconds: number | 'never'
  /** Names of the configured hooks. */
  readonly hooks: () => readonly string[]
  /** Whether turns of that session end with an answer. */
  readonly answers: (session: Session) => Promise<boolean>
}

/** `session` or `hook`, not both. */
export interface MintOrder {
  readonly session?: string
  readonly hook?: string
  readonly verb?: string
  /** Whole seconds; 0 or absent takes the default, `never` must be written out. */
  readonly ttlSeconds?: number | 'never'
  /** How often it may be used: whole, from 1 on; absent: as often as its holder likes. */
  readonly uses?: number
  readonly label?: string
}

export interface Minted {
  readonly grant: Grant
  /** Shown once and kept nowhere. */
  readonly token: string
}

/**
 * Mints a permission to do one thing to one session or hook. Throws `usage` for a verb, lifetime or label that
 * cannot be, `not_found`, `session_missing` and `session_ended`; then no grant is left behind.
 */
export async function expose(deps: ExposeDeps, order: MintOrder): Promise<Minted> {
  const verb = verbOf(order)
  const opened = await openedFor(deps, order, verb)
  const grant: Grant = { ...opened, ...draftGrant(deps, order, verb) }
  const token = await tokenOf(deps.tokens, grant)
  await deps.store.addGrant(grant)
  return { grant, token }
}

/** The newest token of a grant: the same each time, until it is rotated or the signing keys are. */
export const tokenOf = (tokens: Pick<Tokens, 'mint'>, grant: Grant): Promise<string> =>
  tokens.mint({
    ...(grant.session === undefined ? { hook: grant.hook } : { session: grant.session }),
    grant: grant.id,
    verb: grant.verb,
    // The row ends on the millisecond, the token, which counts whole seconds, never before it.
    ...(grant.expiresAt !== undefined && { expiresAt: Math.ceil(grant.expiresAt / 1000) }),
    ...(grant.serial !== undefined && { serial: grant.serial }),
  })

interface AnswersDeps {
  readonly drivers: ReadonlyMap<string, Driver>
  readonly runDir: string
  /** The host that this machine is; absent for the door itself. */
  readonly here: HostName | undefined
}

/**
 * Whether the driver of a session can tell the answers of its agent; a driver that is not of this build cannot. Throws `unsupported`
 * where only another machine knows.
 */
export async function answersOf({ drivers, runDir, here }: AnswersDeps, session: Session): Promise<boolean> {
  const driver = drivers.get(session.driver)
  if (driver === undefined || driver.delivery === 'pull') return false
  if (driver.answers === undefined) return true
  if (!runsAt(session, here)) throw knownThere(session)
  return driver.answers(session, { runDir })
}

const knownThere = ({ id, host }: Session): Failure =>
  new Failure(
    'unsupported',
    `Whether an answer comes back from "${id}" is known on ${host === undefined ? 'the machine of the door' : `its machine "${host}"`} alone: mint it there.`,
  )

/** Takes back a grant named by its id or a unique beginning of it. Throws `usage`, `not_found` or `ambiguous`. */
export async function revoke(
  deps: { readonly store: Pick<DoorStore, 'listGrants' | 'revokeGrant'>; readonly clock: Pick<Clock, 'now'> },
  idOrPrefix: string,
): Promise<Grant> {
  const { id } = await findGrant(deps.store, idOrPrefix)
  const revoked = await deps.store.revokeGrant(id, deps.clock.now())
  if (!revoked) throw noSuchGrant(idOrPrefix)
  return revoked
}

interface RotateDeps {
  readonly store: Pick<DoorStore, 'listGrants' | 'rotateGrant'>
  readonly tokens: Pick<Tokens, 'mint'>
  readonly clock: Pick<Clock, 'now'>
}

/** Unless another time is named: long enough to hand the new URL over. Milliseconds. */
const usualGraceMs = 300_000
const mostGraceMs = 30 * 86_400_000

/**
 * Another URL for the same grant. The one before it opens it for `graceMs` more, 0 for no longer at all; older ones not any more.
 * Throws `usage`, `not_found`, `ambiguous`, and `grant_over` for a grant that is revoked, expired or used up.
 */
export async function rotate(
  { store, tokens, clock }: RotateDeps,
  idOrPrefix: string,
  graceMs: number = usualGraceMs,
): Promise<Minted> {
  if (!(Number.isInteger(graceMs) && graceMs >= 0 && graceMs <= mostGraceMs))
    throw new Failure('usage', 'The grace is at most 30 days.')
  const { id } = requireRotatable(await findGrant(store, idOrPrefix), clock.now())
  const rotated = await store.rotateGrant(id, graceMs === 0 ? 0 : clock.now() + graceMs)
  if (!rotated) throw noSuchGrant(idOrPrefix)
  const grant = requireGoing(rotated, clock.now())
  return { grant, token: await tokenOf(tokens, grant) }
}

/** Refuses a grant that opens nothing any more, and those that are Postern's own. */
function requireRotatable(grant: Grant, now: number): Grant {
  const { own } = verbs[grant.verb]
  if (own !== undefined) throw new Failure('usage', `A grant of ${grant.verb} is not rotated: ${own}.`)
  return requireGoing(grant, now)
}

const hundredYears = 3_155_760_000
const maxLabelLength = 200

function verbOf({ verb, session, hook }: MintOrder): Verb {
  if (session !== undefined && hook !== undefined)
    throw new Failure('usage', 'A grant opens a session or a hook, not both.')
  const wanted = parseVerb(verb ?? (hook === undefined ? 'send_input' : 'post_hook'))
  const { opens } = verbs[wanted]
  if ((opens === 'hook' ? hook : session) === undefined)
    throw new Failure('usage', `${wanted} opens a ${opens}: name the ${opens}.`)
  return wanted
}

async function openedFor(deps: ExposeDeps, { session, hook }: MintOrder, verb: Verb): Promise<Opened> {
  if (hook !== undefined) return { hook: knownHook(deps, hook) }
  const id = parseSessionId(session ?? '')
  const found = await knownSession(deps, id)
  if (verbs[verb].needsAnswers && !(await deps.answers(found)))
    throw new Failure(
      'usage',
      `${verb} gives the answer back, and this session (${found.driver}) has no way to tell it.`,
    )
  return { session: id }
}

function knownHook({ hooks }: ExposeDeps, name: string): string {
  const known = [...builtInHooks, ...hooks()]
  if (!known.includes(name))
    throw new Failure('not_found', `There is no such hook. ${suggestion(name, known)}`)
  return name
}

async function knownSession({ store }: ExposeDeps, id: SessionId): Promise<Session> {
  const found = await sessionOrAnew(store, id)
  if (found) return requireOpen(found, id)
  throw unknownSession(
    id,
    (await store.listSessions()).filter(({ state }) => state !== 'ended'),
  )
}

function draftGrant(deps: ExposeDeps, order: MintOrder, verb: Verb) {
  const now = deps.clock.now()
  const ttl = ttlOf(order.ttlSeconds, deps.defaultTtlSeconds)
  return {
    id: newGrantId(deps.clock),
    verb,
    ...(order.uses !== undefined && { maxUses: checkUses(order.uses) }),
    ...(order.label !== undefined && order.label !== '' && { label: checkLabel(order.label) }),
    createdAt: now,
    ...(ttl !== 'never' && { expiresAt: now + ttl * 1000 }),
    uses: 0,
  }
}

function ttlOf(wanted: number | 'never' | undefined, byDefault: number | 'never'): number | 'never' {
  if (wanted === undefined || wanted === 0) return byDefault
  if (wanted !== 'never' && !(Number.isInteger(wanted) && wanted > 0 && wanted <= hundredYears))
    throw new Failure('usage', 'A lifetime is whole seconds, at most a hundred years, or "never".')
  return wanted
}

export const mostUses = 1_000_000_000

function checkUses(uses: number): number {
  if (!(Number.isInteger(uses) && uses >= 1 && uses <= mostUses))
    throw new Failure('usage', 'Uses are a whole number from 1 on; leave them out for as many as one likes.')
  return uses
}

function checkLabel(label: string): string {
  if ([...label].length > maxLabelLength)
    throw new Failure('usage', `A label has at most ${maxLabelLength} characters.`)
  return label
}

export const newGrantId = (clock: Pick<Clock, 'bytes'>): GrantId => hexOf(clock.bytes(8)) as GrantId
