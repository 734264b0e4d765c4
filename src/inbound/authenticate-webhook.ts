import { isSecret } from '../auth/secrets.ts'
import type { Source } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import type { Grant } from '../domain/grant.ts'
import { type Hook, sessionOfHook } from '../domain/hook.ts'
import {
  type Admission,
  type BodyAs,
  type HandshakeAnswer,
  type Knock,
  type Proof,
  wrongMethod,
} from '../domain/knock.ts'
import type { DoorStore } from '../domain/ports.ts'
import { type Address, parseSessionId } from '../domain/session.ts'
import type { VerifyConfig } from '../domain/verify.ts'
import { schemeOf } from '../providers/index.ts'
import type { Network } from '../providers/network.ts'
import { prove, proveByUrl } from '../providers/prove.ts'
import type { RequestHead, Verified } from '../providers/request.ts'
import type { Unproven } from '../providers/sender.ts'
import { attributed } from './attribute.ts'
import type { InboundConfig } from './config.ts'
import { type RateLimits, refuseProof, spendKnock } from './rate-limiter.ts'

export interface HookProofDeps extends RateLimits {
  readonly store: Pick<DoorStore, 'findSession'>
  readonly config: () => InboundConfig
  readonly network: Network
}

type HookProof = Extract<Proof, { kind: 'hook' }>

/** One hook: the proof it asks for, and what that opens. */
interface Target {
  readonly name: string
  readonly active: boolean
  readonly verify: VerifyConfig
  readonly session: string
  readonly action: 'wake' | 'turn'
  readonly form: Admission['form']
  readonly maxBytes: number
  readonly knocksPerMinute?: number | undefined
}

/**
 * secret or signature → the hook's session. Order: path, enabled, active, method, proof, rate, session. Whatever can be refused
 * from the headers alone is refused before the body is read.
 */
export async function proveHook(
  deps: HookProofDeps,
  knock: Knock,
  proof: HookProof,
): Promise<Admission | { readonly handshake: HandshakeAnswer }> {
  const target = targetOf(deps.config(), proof.path.replace(/\/+$/, ''))
  if (!target) throw noTarget(deps.config())
  try {
    return await proveTo(deps, target, knock, proof)
  } catch (thrown) {
    throw attributed(thrown, { kind: 'hook', hook: target.name })
  }
}

/** Not 404 while no hook is served: a sender would unsubscribe for good, and a configuration may come back. */
const noTarget = ({ webhooks }: InboundConfig): Failure =>
  webhooks.enabled
    ? new Failure('not_found', 'There is nothing at this path.', { why: 'no hook has this path' })
    : hooksDisabled()

const hooksDisabled = (): Failure =>
  new Failure('hooks_disabled', 'Webhooks are not enabled in the configuration.')

async function proveTo(
  deps: HookProofDeps,
  target: Target,
  knock: Knock,
  proof: HookProof,
): Promise<Admission | { readonly handshake: HandshakeAnswer }> {
  requireActive(deps.config(), target)
  const proven = await prove(target.verify, headOf(knock, proof), bodyFor(knock, target), deps.network)
  if (proven.kind === 'unproven') throw unproven(deps, knock, target.verify, proven)
  if (proven.kind === 'method') throw wrongMethod(proven.allow)
  if (proven.kind === 'handshake') return { handshake: proven.answer }
  spendKnock(deps, `hook:${target.name}`, knock.receivedAt, target.knocksPerMinute)
  const source: Source = { kind: 'hook', hook: target.name }
  return admission(target, source, proven.verified, await addressOf(deps.store, target.session))
}

/**
 * A grant that opens a hook → that hook's session. The URL stands in place of the hook's secret or signature; `serial` is that of
 * its token.
 */
export async function proveHookUrl(
  deps: HookProofDeps,
  knock: Knock,
  proof: RequestLine,
  grant: HookGrant,
  serial: number | undefined,
): Promise<Admission | { readonly handshake: HandshakeAnswer }> {
  const source: Source = { kind: 'hook', hook: grant.hook, grant: grant.id }
  try {
    const proven = await proveUrlTo(deps, knock, proof, source)
    return 'handshake' in proven ? proven : { ...proven, serial }
  } catch (thrown) {
    throw attributed(thrown, source)
  }
}

type HookGrant = Pick<Grant, 'id'> & { readonly hook: string }
type HookSource = Extract<Source, { kind: 'hook' }>

async function proveUrlTo(
  deps: HookProofDeps,
  knock: Knock,
  proof: RequestLine,
  source: HookSource,
): Promise<Admission | { readonly handshake: HandshakeAnswer }> {
  const config = deps.config()
  const target = targetNamed(config, source.hook)
  // Not 404: a sender would unsubscribe for good, and a configuration may come back.
  if (!target) throw new Failure('hook_inactive', 'The hook of this URL is not configured now.')
  requireActive(config, target)
  const proven = await proveByUrl(target.verify, headOf(knock, proof), bodyFor(knock, target), deps.network)
  if (proven.kind === 'method') throw wrongMethod(proven.allow)
  if (proven.kind === 'handshake') return { handshake: proven.answer }
  spendKnock(deps, source.grant ?? source.hook, knock.receivedAt, target.knocksPerMinute)
  return admission(target, source, proven.verified, await addressOf(deps.store, target.session))
}

type RequestLine = Pick<HookProof, 'method' | 'url'>

const headOf = ({ header, receivedAt: now }: Knock, { method, url }: RequestLine): RequestHead => ({
  method,
  url,
  header,
  now,
})

const bodyFor =
  (knock: Knock, { maxBytes }: Target) =>
  (as?: BodyAs) =>
    knock.body(maxBytes, as)

function requireActive({ webhooks }: InboundConfig, { name, active }: Target): void {
  if (!webhooks.enabled) throw hooksDisabled()
  if (!active) throw new Failure('hook_inactive', `The hook "${name}" is not active.`)
}

/** The hooks that a bearer token alone opens. */
export function hooksOpenedBy(config: InboundConfig, bearer: string): readonly string[] {
  const { enabled, hooks } = config.webhooks
  return [builtIn(config, 'wake'), builtIn(config, 'agent'), ...hooks]
    .filter(({ active, verify }) => enabled && active && opensByBearer(verify, bearer))
    .map(({ name }) => name)
}

const opensByBearer = ({ scheme, header, secrets }: VerifyConfig, bearer: string): boolean =>
  scheme === 'bearer' && header === undefined && isSecret(bearer, secrets)

function targetOf(config: InboundConfig, path: string): Target | undefined {
  if (path === '/api/hooks/wake') return builtIn(config, 'wake')
  if (path === '/api/hooks/agent') return builtIn(config, 'agent')
  const hook = config.webhooks.hooks.find((candidate) => candidate.path === path)
  return hook && custom(config, hook)
}

function targetNamed(config: InboundConfig, name: string): Target | undefined {
  if (name === 'wake' || name === 'agent') return builtIn(config, name)
  const hook = config.webhooks.hooks.find((candidate) => candidate.name === name)
  return hook && custom(config, hook)
}

const custom = ({ sessions }: InboundConfig, hook: Hook): Target => ({
  name: hook.name,
  active: hook.active,
  verify: hook.verify,
  session: sessionOfHook(hook, sessions),
  action: hook.action === 'wake' ? 'wake' : 'turn',
  form: { kind: 'hook', hook },
  maxBytes: hook.maxBodyBytes,
  knocksPerMinute: hook.knocksPerMinute,
})

const builtIn = ({ webhooks, sessions, limits }: InboundConfig, name: 'wake' | 'agent'): Target => ({
  name,
  active: true,
  verify: { scheme: 'bearer', secrets: webhooks.secrets },
  session: sessions[name],
  action: name === 'wake' ? 'wake' : 'turn',
  form: { kind: name === 'wake' ? 'message' : 'turn' },
  maxBytes: limits.hookBytes,
})

/** Clients that send their password only when they are asked for it show none at first: that is no guess. */
function unproven(
  deps: HookProofDeps,
  knock: Knock,
  verify: VerifyConfig,
  { why, guess }: Unproven,
): Failure {
  const challenge = challengeOf(verify)
  const refusal = new Failure('unauthorized', 'The secret or signature of this hook is missing or wrong.', {
    ...{ challenge, why, ...(guess && { guess }) },
  })
  const isAsking = challenge !== 'none' && knock.header('authorization') === undefined
  return isAsking ? refusal : refuseProof(deps, knock, refusal)
}

/** A browser could answer a challenge for a password, and no client one for a signature. */
function challengeOf(verify: VerifyConfig): 'Basic' | 'Bearer' | 'none' {
  const security = schemeOf(verify.scheme)?.credential?.(verify)?.security
  if (security?.type !== 'http') return 'none'
  return security.scheme === 'basic' ? 'Basic' : 'Bearer'
}

/** Senders unsubscribe for good when they are refused: what comes for a session that is not open waits for it. */
export async function addressOf(store: Pick<DoorStore, 'findSession'>, name: string): Promise<Address> {
  const id = parseSessionId(name)
  return (await store.findSession(id)) ?? { id, state: 'missing' }
}

const admission = (target: Target, source: Source, verified: Verified, session: Address): Admission => ({
  source,
  session,
  action: target.action,
  form: target.form,
  maxBytes: target.maxBytes,
  key: verified.idempotencyKey,
})
