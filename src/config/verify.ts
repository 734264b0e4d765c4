import { minSecretLength, type VerifyConfig } from '../domain/verify.ts'
import { flawOf } from '../providers/flaw.ts'
import { schemeForPreset, schemeOf } from '../providers/index.ts'
import type { Flaw } from '../providers/sender.ts'
import { type Complain, type ConfigPath, pathText } from './problem.ts'
import type { ConfigDocument } from './schema.ts'
import {
  type BuildDeps,
  checkSecret,
  resolveSecrets,
  type SecretCheck,
  type WrittenSecret,
} from './secrets.ts'

export type WrittenHooks = NonNullable<NonNullable<ConfigDocument['webhooks']>['hooks']>
export type WrittenHook = WrittenHooks[string]

export interface HookContext {
  /** The shared secret, for hooks without one of their own. */
  readonly secrets: readonly string[]
  readonly hookBytes: number
  readonly enabled: boolean
  readonly deps: BuildDeps
  readonly check: SecretCheck
}

/** How one hook's senders prove themselves; complains of what could verify nothing or would prove nothing. */
export async function buildVerify(
  written: WrittenHook,
  at: ConfigPath,
  context: HookContext,
): Promise<VerifyConfig> {
  const { complain } = context.deps
  const { scheme, secret, ...options } = verifyOf(written)
  if (secret !== undefined && written.secret !== undefined)
    complain([...at, 'secret'], 'stands beside verify.secret; keep one of them')
  const own = secret ?? written.secret
  const secretAt = secret === undefined && own !== undefined ? [...at, 'secret'] : [...at, 'verify', 'secret']
  const secrets =
    own === undefined
      ? sharedSecrets(scheme, secretAt, context)
      : await ownSecrets(
          own,
          secretAt,
          scheme,
          { ...context.check, complain: lenient(written, context) },
          context.deps,
        )
  const verify = { ...options, scheme, secrets }
  const flaw = await flawOf(verify)
  if (flaw?.option === 'secrets') lenient(written, context)(secretAt, flaw.what)
  else if (flaw?.harmless) context.check.warn(`${pathText(placeOf(flaw, at))} ${flaw.what}.`)
  else if (flaw) complain(placeOf(flaw, at), flaw.what)
  return verify
}

const verifyOf = ({ verify, preset }: WrittenHook): Exclude<WrittenHook['verify'], string | undefined> =>
  typeof verify === 'object' ? verify : { scheme: verify ?? schemeForPreset(preset) }

const placeOf = ({ option }: Flaw, at: ConfigPath): ConfigPath =>
  option === undefined ? [...at, 'verify'] : [...at, 'verify', option]

/** Secrets of hooks nobody can reach may be missing or wrong. */
const lenient = ({ active = true }: WrittenHook, { enabled, deps }: HookContext): Complain =>
  enabled && active ? deps.complain : () => {}

function sharedSecrets(scheme: string, at: ConfigPath, { secrets, deps }: HookContext): readonly string[] {
  const { key, withoutSecret } = schemeOf(scheme) ?? {}
  if (key?.isPublic) deps.complain(at, `is missing; it is ${key.what}`)
  return withoutSecret ? [] : secrets
}

async function ownSecrets(
  own: WrittenSecret,
  at: ConfigPath,
  scheme: string,
  check: SecretCheck,
  deps: BuildDeps,
): Promise<readonly string[]> {
  const secrets = await resolveSecrets(own, at, { ...deps, complain: check.complain })
  const { ownSecret, withoutSecret } = schemeOf(scheme) ?? {}
  for (const secret of secrets) checkSecret(secret, at, ownSecret ? 1 : minSecretLength, check)
  if (withoutSecret) check.complain(at, `means nothing to ${scheme}, which has no secret`)
  return secrets
}
