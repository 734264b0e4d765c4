import type { VerifyConfig } from '../domain/verify.ts'
import { senders } from './index.ts'
import type { Sender } from './sender.ts'
import { signedSample } from './signed-sample.ts'

/** Why nothing could ever verify with this configuration, or why it would prove nothing; undefined when all is well. */
export function flawOf(config: VerifyConfig): string | undefined {
  const sender = senders.get(config.scheme)
  if (!sender?.scheme) return `${config.scheme} is no scheme`
  if (config.secrets.length === 0 || config.secrets.includes('')) return 'needs a secret that is not empty'
  if (config.toleranceSeconds !== undefined && !(config.toleranceSeconds > 0))
    return 'toleranceSeconds must be more than 0'
  const badName = headerNames(config).find((name) => !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
  if (badName !== undefined) return `"${badName}" is no name of a header`
  const own = sender.scheme.flaw?.(config)
  return own === undefined ? flawOfTrial(config, sender) : `${config.scheme} ${own}`
}

const headerNames = ({ header, timestampHeader, idHeader }: VerifyConfig): readonly string[] =>
  [header, timestampHeader, idHeader].filter((name) => name !== undefined)

/** The sample, signed with these options, must verify; with another body it must not, unless the secret is all there is. */
function flawOfTrial(config: VerifyConfig, { scheme, sample }: Sender): string | undefined {
  const signed = scheme && signedSample(scheme, sample, config, anyTime)
  if (!signed) return undefined
  if (!scheme.verify(config, signed))
    return `${config.scheme} could not verify what is signed with these options`
  const forged = { ...signed, rawBody: new TextEncoder().encode('{"forged":true}') }
  return scheme.credential === undefined && scheme.verify(config, forged)
    ? `${config.scheme} would accept any body with these options`
    : undefined
}

const anyTime = 1_700_000_000_000
