import type { Source } from '../domain/delivery.ts'
import type { Failure } from '../domain/error.ts'
import { admits, type Claims, forbidden, type Grant, mayRead, verbs, whyDead } from '../domain/grant.ts'
import { type Admission, type HandshakeAnswer, type Knock, type Proof, wrongMethod } from '../domain/knock.ts'
import type { DoorStore, Tokens } from '../domain/ports.ts'
import { requireOpen } from '../domain/session.ts'
import { attributed } from './attribute.ts'
import { type HookProofDeps, hooksOpenedBy, proveHook, proveHookUrl } from './authenticate-webhook.ts'
import { refuseProof, spendKnock } from './rate-limiter.ts'

export interface AuthenticateDeps extends HookProofDeps {
  readonly store: Pick<DoorStore, 'findGrant' | 'findSession'>
  readonly tokens: Pick<Tokens, 'read'>
}

type TokenProof = Extract<Proof, { kind: 'token' }>

/** proof → grant or hook → the one session it opens. A bad token is refused before a byte of the body is read. */
export const authenticate = (
  deps: AuthenticateDeps,
  knock: Knock,
): Promise<Admission | { readonly handshake: HandshakeAnswer }> =>
  knock.proof.kind === 'token' ? proveToken(deps, knock, knock.proof) : proveHook(deps, knock, knock.proof)

/** Whose deliveries a bearer credential may see: those of its hooks, or of its grant, which may have expired since. */
export async function sourcesOf(
  { store, tokens, config }: Pick<AuthenticateDeps, 'store' | 'tokens' | 'config'>,
  bearer: string,
): Promise<readonly Source[]> {
  const hooks = hooksOpenedBy(config(), bearer)
  if (hooks.length > 0) return hooks.map((hook) => ({ kind: 'hook', hook }))
  const claims = await tokens.read(bearer)
  const grant = claims && (await store.findGrant(claims.grant))
  return claims && mayRead(grant, claims) ? [sourceOf(grant)] : []
}

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
  const row = await deps.store.findGrant(claims.grant)
  const grant = admitted(row, claims, knock.receivedAt)
  if (!grant) throw await deadToken(deps, claims, row, knock.receivedAt)
  if (grant.hook !== undefined) return proveHookUrl(deps, knock, proof, grant)
  const source = sourceOf(grant)
  try {
    if (proof.method !== 'POST') throw wrongMethod()
    spendKnock(deps, grant.id, knock.receivedAt)
    return {
      source,
      session: requireOpen(await deps.store.findSession(grant.session), grant.session),
      action: verbs[grant.verb].action ?? 'input',
      form: { kind: 'message' },
      maxBytes: deps.config().limits.messageBytes,
    }
  } catch (thrown) {
    throw attributed(thrown, source)
  }
}

/** The refusal of a token whose grant is over. Its signature was cached: another is verified, so that it takes as long. */
async function deadToken(
  { tokens }: Pick<AuthenticateDeps, 'tokens'>,
  claims: Claims,
  grant: Grant | undefined,
  now: number,
): Promise<Failure> {
  await tokens.read('')
  return forbidden({ why: whyDead(grant, claims, now), grant: claims.grant })
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
  admits(grant, claims, now) ? grant : undefined
