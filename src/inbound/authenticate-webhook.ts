import { isSecret } from '../auth/secrets.ts'
import { Failure } from '../domain/error.ts'
import type { Hook } from '../domain/hook.ts'
import type { Admission, HandshakeAnswer, Knock, Proof } from '../domain/knock.ts'
import type { Store } from '../domain/ports.ts'
import { parseSessionId, requireOpen, type Session } from '../domain/session.ts'
import type { VerifyConfig } from '../domain/verify.ts'
import { prove } from '../providers/prove.ts'
import type { Verified } from '../providers/request.ts'
import { type Budgets, refuseProof, spendKnock } from './budgets.ts'

/** The doors below `/api/hooks/`, as configured now. */
export interface InboundHooks {
  readonly enabled: boolean
  /** The shared secret; several while it is being rotated. */
  readonly secrets: readonly string[]
  readonly hooks: readonly Hook[]
  /** Default sessions of the two built-in hooks, and of custom ones by their action. */
  readonly wakeSession: string
  readonly agentSession: string
  /** For the built-in hooks; 0 for no limit. */
  readonly hookBytes: number
}

export interface HookProofDeps extends Budgets {
  readonly store: Pick<Store, 'findSession'>
  readonly doors: () => InboundHooks
}

type HookProof = Extract<Proof, { kind: 'hook' }>

/** What one hook asks of its callers, and what it opens. */
interface Target {
  readonly name: string
  readonly active: boolean
  readonly verify: VerifyConfig
  readonly session: string
  readonly action: 'wake' | 'turn'
  readonly form: Admission['form']
  readonly maxBytes: number
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
  const doors = deps.doors()
  const target = targetOf(doors, proof.path.replace(/\/+$/, ''))
  if (!target) throw new Failure('not_found', 'There is nothing at this path.')
  if (!doors.enabled) throw new Failure('hooks_disabled', 'Webhooks are not enabled in the configuration.')
  if (!target.active) throw new Failure('hook_inactive', `The hook "${target.name}" is not active.`)
  const { method, url } = proof
  const head = { method, url, header: knock.header, now: knock.receivedAt }
  const proven = await prove(target.verify, head, () => knock.body(target.maxBytes))
  if (proven.kind === 'unproven') throw unproven(deps, knock)
  if (proven.kind === 'method')
    throw new Failure('method_not_allowed', 'Use POST here.', { allow: proven.allow })
  if (proven.kind === 'handshake') return { handshake: proven.answer }
  spendKnock(deps, `hook:${target.name}`, knock.receivedAt)
  return admission(target, proven.verified, await openSession(deps, target.session))
}

/** The hooks a bearer token opens: those that ask for nothing else. */
export function hooksOpenedBy(doors: InboundHooks, bearer: string): readonly string[] {
  const targets = [builtIn(doors, 'wake', ''), builtIn(doors, 'agent', ''), ...doors.hooks]
  return targets
    .filter(({ active, verify }) => doors.enabled && active && opensByBearer(verify, bearer))
    .map(({ name }) => name)
}

const opensByBearer = ({ scheme, header, secrets }: VerifyConfig, bearer: string): boolean =>
  scheme === 'bearer' && header === undefined && isSecret(bearer, secrets)

function targetOf(doors: InboundHooks, path: string): Target | undefined {
  if (path === '/api/hooks/wake') return builtIn(doors, 'wake', doors.wakeSession)
  if (path === '/api/hooks/agent') return builtIn(doors, 'agent', doors.agentSession)
  const hook = doors.hooks.find((candidate) => candidate.path === path)
  return (
    hook && {
      name: hook.name,
      active: hook.active,
      verify: hook.verify,
      session: hook.session ?? (hook.action === 'wake' ? doors.wakeSession : doors.agentSession),
      action: hook.action === 'wake' ? 'wake' : 'turn',
      form: { kind: 'hook', hook },
      maxBytes: hook.maxBodyBytes,
    }
  )
}

const builtIn = (doors: InboundHooks, name: 'wake' | 'agent', session: string): Target => ({
  name,
  active: true,
  verify: { scheme: 'bearer', secrets: doors.secrets },
  session,
  action: name === 'wake' ? 'wake' : 'turn',
  form: { kind: name === 'wake' ? 'message' : 'turn' },
  maxBytes: doors.hookBytes,
})

const unproven = (deps: HookProofDeps, knock: Knock): Failure =>
  refuseProof(
    deps,
    knock,
    new Failure('unauthorized', 'The secret or signature of this hook is missing or wrong.'),
  )

const openSession = async (deps: HookProofDeps, id: string): Promise<Session> =>
  requireOpen(await deps.store.findSession(parseSessionId(id)), id)

const admission = (target: Target, verified: Verified, session: Session): Admission => ({
  source: { kind: 'hook', hook: target.name },
  session,
  action: target.action,
  form: target.form,
  maxBytes: target.maxBytes,
  key: verified.idempotencyKey,
})
