import type { VerifyConfig } from '../domain/verify.ts'
import { senders } from './index.ts'
import { offline } from './network.ts'
import type { Flaw, Option, Scheme, Sender } from './sender.ts'
import { signedSample } from './signed-sample.ts'
import { flawOfHeaderNames } from './signed-text.ts'

/**
 * The worst that is wrong; undefined when all is well. Secrets that are missing are not looked at: others complain of
 * those.
 */
export async function flawOf(config: VerifyConfig): Promise<Flaw | undefined> {
  const sender = senders.get(config.scheme)
  if (!sender?.scheme) return { option: 'scheme', what: 'is no scheme' }
  const flaws = [
    flawOfOptions(config, sender.scheme),
    flawOfLongTolerance(config, sender.scheme),
    flawOfSecrets(config, sender.scheme),
    await flawOfTrials(config, sender),
    flawOfUnread(config, sender.scheme),
  ].filter((flaw) => flaw !== undefined)
  return flaws.find((flaw) => !flaw.harmless) ?? flaws[0]
}

function flawOfOptions(config: VerifyConfig, scheme: Scheme): Flaw | undefined {
  const missing = scheme.needs?.find((option) => config[option] === undefined)
  if (missing !== undefined) return { option: missing, what: 'is missing' }
  return flawOfSpelling(config) ?? scheme.flaw?.(config)
}

const allOptions: readonly Option[] = [
  ...(['toleranceSeconds', 'header', 'prefix', 'encoding', 'algorithm', 'signed'] as const),
  ...(['timestampHeader', 'username', 'idHeader', 'url', 'topicArn', 'verifyToken'] as const),
]

/** Who reads the configuration would take an option that the scheme does not read for a proof. */
function flawOfUnread(
  config: VerifyConfig,
  { needs = [], options = [], ...scheme }: Scheme,
): Flaw | undefined {
  const timed: readonly Option[] = scheme.toleranceSeconds === undefined ? [] : ['toleranceSeconds']
  const read = [...needs, ...options, ...timed]
  const unread = allOptions.filter((option) => config[option] !== undefined && !read.includes(option))
  const [option = unread[0]] = unread.filter((one) => !isAside(one))
  const what = `means nothing to ${config.scheme}, which reads ${read.join(', ') || 'no option but secret'}`
  if (option === undefined) return undefined
  return isAside(option) ? { option, what, harmless: true } : { option, what }
}

/** No proof itself: what is proven is proven without it. */
const isAside = (option: Option): boolean => ['toleranceSeconds', 'idHeader', 'url'].includes(option)

const longToleranceSeconds = 3600

/** A signed request may be played back for as long. */
const flawOfLongTolerance = ({ toleranceSeconds = 0 }: VerifyConfig, scheme: Scheme): Flaw | undefined =>
  toleranceSeconds > Math.max(longToleranceSeconds, scheme.toleranceSeconds ?? 0)
    ? {
        option: 'toleranceSeconds',
        what: 'lets a request be played back for more than an hour',
        harmless: true,
      }
    : undefined

function flawOfSpelling(config: VerifyConfig): Flaw | undefined {
  const badHeader = headerOptions.find((option) => !isHeaderName(config[option] ?? 'x'))
  if (badHeader !== undefined) return { option: badHeader, what: 'is no name of a header' }
  const taken = flawOfHeaderNames(config)
  if (taken) return taken
  if (!isWebAddress(config.url ?? 'https://x'))
    return { option: 'url', what: 'must be a whole address, with https:// and without #' }
  return isPrefix(config.prefix ?? 'x')
    ? undefined
    : { option: 'prefix', what: 'must be printable ASCII without placeholders or a space at its start' }
}

const headerOptions = ['header', 'timestampHeader', 'idHeader'] as const

const isHeaderName = (text: string): boolean => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text)

const isWebAddress = (text: string): boolean => /^https?:\/\/[^\s#{}]+$/.test(text) && URL.canParse(text)

const isPrefix = (text: string): boolean => /^[!-~][ -~]*$/.test(text) && !/\{\w+\}/.test(text)

function flawOfSecrets({ secrets }: VerifyConfig, { key }: Scheme): Flaw | undefined {
  return key && !secrets.every((secret) => secret === '' || key.fits(secret))
    ? { option: 'secrets', what: `must be ${key.what}` }
    : undefined
}

/** `flawOfTrial` of each secret by itself. */
async function flawOfTrials(config: VerifyConfig, sender: Sender): Promise<Flaw | undefined> {
  const trials = config.secrets.map((secret) => flawOfTrial({ ...config, secrets: [secret] }, sender))
  return (await Promise.all(trials)).find((flaw) => flaw !== undefined)
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
