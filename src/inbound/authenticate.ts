import type { Source } from '../domain/delivery.ts'
import { type Code, Failure } from '../domain/error.ts'
import {
  admits,
  type Claims,
  forbidden,
  type Grant,
  type GrantId,
  isForOpening,
  isUsedUp,
  mayRead,
  usedUpText,
  verbs,
  whyDead,
} from '../domain/grant.ts'
import { type Admission, type HandshakeAnswer, type Knock, type Proof, wrongMethod } from '../domain/knock.ts'
import type { CachedTokens, DoorStore, Tokens } from '../domain/ports.ts'
import { goodOrAnew } from '../domain/read-anew.ts'
import { type Address, isClosed, requireOpen, type SessionId } from '../domain/session.ts'
import { isOfWait } from '../domain/wait.ts'
import { attributed } from './attribute.ts'
import { type HookProofDeps, hooksOpenedBy, proveHook, proveHookUrl } from './authenticate-webhook.ts'
import { refuseProof, spendKnock } from './rate-limiter.ts'

export interface AuthenticateDeps extends HookProofDeps {
  readonly store: Pick<DoorStore, 'findGrant' | 'findSession' | 'findWait' | 'atHand'>
  readonly tokens: Pick<CachedTokens, 'read' | 'readCached'>
}

type TokenProof = Extract<Proof, { kind: 'token' }>

/** proof → grant or hook → the one session it opens. A bad token is refused before a byte of the body is read. */
export function authenticate(
  deps: AuthenticateDeps,
  knock: Knock,
): Admission | Promise<Admission | { readonly handshake: HandshakeAnswer }> {
  const { proof } = knock
  if (proof.kind !== 'token') return proveHook(deps, knock, proof)
  return proveAtHand(deps, knock, proof) ?? proveToken(deps, knock, proof)
}

/** What most knocks are: a message by a URL in use. Undefined where anything is to be waited for, or to be refused. */
function proveAtHand(deps: AuthenticateDeps, knock: Knock, proof: TokenProof): Admission | undefined {
  const claims = deps.tokens.readCached(singleToken(proof))
  const found = claims && deps.store.atHand(claims.grant)
  if (!found || proof.method !== 'POST') return undefined
  const { session } = found
  const grant = admitted(found.grant, claims, knock.receivedAt)
  if (!grant || grant.hook !== undefined || hasFewUses(grant) || isOfWait(grant)) return undefined
  if (!isForOpening(grant, session) || isClosed(session)) return undefined
  try {
    spendKnock(deps, grant.id, knock.receivedAt)
  } catch (thrown) {
    throw attributed(thrown, sourceOf(grant))
  }
  return admissionBy(deps, grant, claims, session, { kind: 'message' })
}

const admissionBy = (
  { config }: AuthenticateDeps,
  grant: SessionGrant,
  { serial }: Claims,
  session: Address,
  form: Admission['form'],
): Admission => ({
  source: sourceOf(grant),
  serial,
  session,
  action: verbs[grant.verb].action ?? 'input',
  form,
  maxBytes: config().limits.messageBytes,
})

/** Whose deliveries a bearer credential may see: those of its hooks, or of its grant, which may have expired or been used up since. */
export async function sourcesOf(
  {
    store,
    tokens,
    config,
  }: Pick<AuthenticateDeps, 'config'> & {
    readonly store: Pick<DoorStore, 'findGrant'>
    readonly tokens: Pick<Tokens, 'read'>
  },
  bearer: string,
  now: number,
): Promise<readonly Source[]> {
  const hooks = hooksOpenedBy(config(), bearer)
  if (hooks.length > 0) return hooks.map((hook) => ({ kind: 'hook', hook }))
  const claims = await tokens.read(bearer)
  if (!claims || !takesMessages(claims)) return []
  const grant = await goodOrAnew(
    (how) => store.findGrant(claims.grant, how),
    (known) => mayRead(known, claims, now),
  )
  return mayRead(grant, claims, now) ? [sourceOf(grant)] : []
}

/** Postern's own verbs open doors of their own. */
const takesMessages = ({ verb }: Pick<Grant, 'verb'>): boolean => verbs[verb].own === undefined

const sourceOf = ({ id, hook }: Grant): Source =>
  hook === undefined ? { kind: 'grant', grant: id } : { kind: 'hook', hook, grant: id }

async function proveToken(
  deps: AuthenticateDeps,
  knock: Knock,
  proof: TokenProof,
): Promise<Admission | { readonly handshake: HandshakeAnswer }> {
  const claims = await deps.tokens.read(singleToken(proof))
  // Only what we never signed is a guess; a token that died is refused without counting against its peer.
  if (!claims) throw refuseProof(deps, knock, unknownToken(proof))
  // Another door may have resumed or rotated it just now, before this one heard of it, and any knock may have used it up.
  const row = await goodOrAnew(
    (how) => deps.store.findGrant(claims.grant, how),
    (known) =>
      admitted(known, claims, knock.receivedAt) !== undefined && (!hasFewUses(known) || isUsedUp(known)),
  )
  const grant = admitted(row, claims, knock.receivedAt)
  if (!grant) throw await deadToken(deps, claims.grant, whyDead(row, claims, knock.receivedAt))
  if (isUsedUp(grant)) return proveUsedUp(deps, knock, proof, grant, claims)
  return grant.hook === undefined
    ? proveUrl(deps, knock, proof, grant, claims)
    : proveHookUrl(deps, knock, proof, grant, claims.serial)
}

const hasFewUses = ({ maxUses }: Grant): boolean => maxUses !== undefined

type SessionGrant = Extract<Grant, { session: SessionId }>

async function proveUrl(
  deps: AuthenticateDeps,
  knock: Knock,
  proof: TokenProof,
  grant: SessionGrant,
  claims: Claims,
): Promise<Admission> {
  try {
    if (proof.method !== 'POST') throw wrongMethod()
    spendKnock(deps, grant.id, knock.receivedAt)
    const session = await addressFor(deps, grant)
    const form = isOfWait(grant) ? await formFor(deps, grant) : ({ kind: 'message' } as const)
    return admissionBy(deps, grant, claims, session, form)
  } catch (thrown) {
    throw attributed(thrown, sourceOf(grant))
  }
}

/** Whether a wait is still open is for whoever stores what answers it. */
async function formFor({ store }: AuthenticateDeps, { id: grant }: Grant): Promise<Admission['form']> {
  const wait = await store.findWait({ grant })
  return wait ? { kind: 'wait', accept: wait.accept } : { kind: 'message' }
}

/** The repeat of its own message is answered to a used-up URL, also when the session is over. */
async function addressFor({ store, tokens }: AuthenticateDeps, grant: SessionGrant): Promise<Address> {
  let session = await store.findSession(grant.session)
  // Another door may have opened it anew just now, before this one heard of it.
  if (session && !(isForOpening(grant, session) && (isUsedUp(grant) || !isClosed(session))))
    session = await store.findSession(grant.session, 'anew')
  if (!isForOpening(grant, session))
    throw await deadToken({ tokens }, grant.id, 'the session was opened anew since')
  return isUsedUp(grant)
    ? (session ?? { id: grant.session, state: 'missing' })
    : requireOpen(session, grant.session)
}

/** What came by a used-up grant may be the repeat of its own message: only the body tells. */
async function proveUsedUp(
  deps: AuthenticateDeps,
  knock: Knock,
  proof: TokenProof,
  grant: Grant,
  claims: Claims,
): Promise<Admission> {
  try {
    const admission = await (grant.hook === undefined
      ? proveUrl(deps, knock, proof, grant, claims)
      : proveHookUrl(deps, knock, proof, grant, claims.serial))
    if ('handshake' in admission) throw forbidden()
    return { ...admission, usedUp: true }
  } catch (thrown) {
    throw await usedUp(deps, thrown, grant.id)
  }
}

/** What a used-up grant answers whatever was wrong with the knock: what a dead one does. What the knock cannot help stays. */
export async function usedUp(
  deps: Pick<AuthenticateDeps, 'tokens'>,
  thrown: unknown,
  grant: GrantId | undefined,
): Promise<unknown> {
  const stays = !(thrown instanceof Failure) || notOfTheKnock.includes(thrown.code)
  return stays ? thrown : deadToken(deps, grant, usedUpText)
}

const notOfTheKnock: readonly Code[] = [
  'rate_limited',
  'idempotency_conflict',
  'delivery_failed',
  'store_unavailable',
  'internal',
]

/** The refusal of a token whose grant is over. Its signature was cached: another is verified, so that it takes as long. */
async function deadToken(
  { tokens }: Pick<AuthenticateDeps, 'tokens'>,
  grant: GrantId | undefined,
  why: string,
): Promise<Failure> {
  await tokens.read('')
  return forbidden({ why, ...(grant !== undefined && { grant }) })
}

/** Why no grant stands behind the token of a request; only a token that was sent is a guess. */
function unknownToken({ path, bearer }: TokenProof): Failure {
  if ((path ?? '') === '' && (bearer ?? '') === '') return forbidden({ why: 'there is no token' })
  if (path !== undefined && bearer !== undefined && path !== bearer)
    return forbidden({ why: 'two different tokens in one request' })
  return forbidden({ why: 'the token is malformed, forged or of a key that is gone', guess: true })
}

/** Two different tokens in one request prove nothing; the empty token is as wrong as any. */
function singleToken({ path, bearer }: TokenProof): string {
  if (path !== undefined && bearer !== undefined && path !== bearer) return ''
  return path ?? bearer ?? ''
}

/** The grant as long as its row allows it: the token alone opens nothing. */
const admitted = (grant: Grant | undefined, claims: Claims, now: number): Grant | undefined =>
  admits(grant, claims, now) && takesMessages(grant) ? grant : undefined
