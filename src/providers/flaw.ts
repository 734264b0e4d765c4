import type { VerifyConfig } from '../domain/verify.ts'
import { senders } from './index.ts'
import { offline } from './network.ts'
import type { Scheme, Sender } from './sender.ts'
import { signedSample } from './signed-sample.ts'

/** Why nothing could ever verify with a configuration, or why it would prove nothing. */
export interface Flaw {
  /** The option that is wrong; undefined when it is how they go together. */
  readonly option?: keyof VerifyConfig | undefined
  /** The end of a sentence that begins with the option. */
  readonly what: string
}

/** Undefined when all is well. Secrets that are missing are not looked at: others complain of those. */
export async function flawOf(config: VerifyConfig): Promise<Flaw | undefined> {
  const sender = senders.get(config.scheme)
  if (!sender?.scheme) return { option: 'scheme', what: 'is no scheme' }
  return (
    flawOfOptions(config, sender.scheme) ??
    flawOfSecrets(config, sender.scheme) ??
    (await flawOfTrial(config, sender))
  )
}

function flawOfOptions(config: VerifyConfig, scheme: Scheme): Flaw | undefined {
  const missing = scheme.needs?.find((option) => config[option] === undefined)
  if (missing !== undefined) return { option: missing, what: 'is missing' }
  const badHeader = headerOptions.find((option) => !isHeaderName(config[option] ?? 'x'))
  if (badHeader !== undefined) return { option: badHeader, what: 'is no name of a header' }
  const what = scheme.flaw?.(config)
  return what === undefined ? undefined : { what: `${config.scheme} ${what}` }
}

const headerOptions = ['header', 'timestampHeader', 'idHeader'] as const

const isHeaderName = (text: string): boolean => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text)

function flawOfSecrets({ secrets }: VerifyConfig, { key }: Scheme): Flaw | undefined {
  return key && !secrets.every((secret) => secret === '' || key.fits(secret))
    ? { option: 'secrets', what: `must be ${key.what}` }
    : undefined
}

/** The sample, signed with these options, must verify; with another body it must not, unless a secret is all there is. */
async function flawOfTrial(config: VerifyConfig, { scheme, sample }: Sender): Promise<Flaw | undefined> {
  if (!scheme || !config.secrets[0]) return undefined
  const signed = signedSample(scheme, sample, config, anyTime)
  if (!signed) return undefined
  if (!(await scheme.verify(config, signed, offline)))
    return { what: 'could not verify what is signed with these options' }
  const forged = { ...signed, rawBody: new TextEncoder().encode('{"forged":true}') }
  return scheme.credential === undefined && (await scheme.verify(config, forged, offline))
    ? { what: 'would accept any body with these options' }
    : undefined
}

const anyTime = 1_700_000_000_000
