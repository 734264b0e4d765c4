import { basicIn, bearerIn, isSecret, sameText } from '../auth/secrets.ts'
import type { VerifyConfig } from '../domain/verify.ts'
import { claimed, type SignedRequest, single, type Verified } from './request.ts'
import type { Flaw, Scheme, Sender, Unproven } from './sender.ts'
import { flawOfHeader, lacks, wrong } from './unproven.ts'

/** The shared secret itself, as a Bearer token (RFC 6750) or in a header of its own. */
export const bearerScheme: Scheme = {
  proof: 'the secret in `Authorization: Bearer`, or in `header` after `prefix`',
  secretIn: 'headers',
  options: ['header', 'prefix', 'idHeader'],
  flaw: flawOfBearer,
  verify: (config, request) => (showsSecret(config, request) ? named(config, request) : undefined),
  whyNot: whyNoSecret,
  idIn: idNamed,
  sign: ({ header, prefix = '', secrets: [secret = ''] }) =>
    header === undefined ? { authorization: `Bearer ${secret}` } : { [header]: prefix + secret },
  credential: ({ header }) => ({
    text: 'a bearer secret',
    security:
      header === undefined
        ? { type: 'http', scheme: 'bearer' }
        : { type: 'apiKey', in: 'header', name: header },
  }),
}

function flawOfBearer({ header, prefix, idHeader }: VerifyConfig): Flaw | undefined {
  if (prefix !== undefined && header === undefined)
    return { option: 'prefix', what: 'means nothing without header' }
  const shown = header ?? 'authorization'
  return idHeader?.toLowerCase() === shown.toLowerCase()
    ? { option: 'idHeader', what: 'is the header of the secret, which would be stored' }
    : undefined
}

function whyNoSecret({ header, prefix = '' }: VerifyConfig, request: SignedRequest): Unproven {
  if (header === undefined && request.header('authorization') !== undefined)
    return bearerIn(request.header('authorization')) === undefined
      ? lacks('header authorization is not Bearer and a secret')
      : wrong('the secret is wrong')
  const missing = flawOfHeader(request, header ?? 'authorization')
  if (missing || header === undefined || single(request, header)?.startsWith(prefix))
    return missing ?? wrong('the secret is wrong')
  return lacks(`header ${header} does not begin with ${prefix.trim()}`)
}

export function showsSecret(config: VerifyConfig, request: SignedRequest): boolean {
  const presented =
    config.header === undefined ? bearerIn(request.header('authorization')) : ownHeader(config, request)
  const spellings = [presented ?? '', utf8Of(presented ?? '')]
  return spellings.some((one) => isSecret(one, config.secrets))
}

export const bearer: Sender = {
  title: 'any sender that can show a secret',
  scheme: bearerScheme,
  sample: { headers: {}, body: { text: 'Hello' } },
}

/** User name and password (RFC 7617). */
export const basic: Sender = {
  title: 'any sender that can show a password',
  scheme: {
    proof: '`username` and the secret in `Authorization: Basic`',
    secretIn: 'headers',
    verify: (config, request) => {
      const shown = basicIn(request.header('authorization'))
      const user = sameText(shown?.username ?? '', config.username ?? '')
      const password = isSecret(shown?.password ?? '', config.secrets)
      return user && password ? named(config, request) : undefined
    },
    whyNot: (_, request) => {
      if (basicIn(request.header('authorization'))) return wrong('the user name or password is wrong')
      return (
        flawOfHeader(request, 'authorization') ??
        lacks('header authorization is not Basic with a user name and password')
      )
    },
    idIn: idNamed,
    sign: ({ username = '', secrets: [secret = ''] }) => ({
      authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`,
    }),
    credential: () => ({
      text: 'a user name and a password (HTTP Basic)',
      security: { type: 'http', scheme: 'basic' },
    }),
    needs: ['username'],
    options: ['idHeader'],
    flaw: ({ username = '' }) =>
      /^[^:\p{Cc}]+$/u.test(username)
        ? undefined
        : { option: 'username', what: 'must hold no colon and no control character (RFC 7617)' },
  },
  sample: { headers: {}, body: { text: 'Hello' }, verify: { username: 'ops' } },
}

/** Runtimes hand headers over as Latin-1, clients send secrets beyond ASCII in UTF-8. */
const utf8Of = (text: string): string => Buffer.from(text, 'latin1').toString('utf8')

function ownHeader({ header = '', prefix = '' }: VerifyConfig, request: SignedRequest): string | undefined {
  const value = single(request, header)
  return value?.startsWith(prefix) ? value.slice(prefix.length) : undefined
}

const named = (config: VerifyConfig, request: SignedRequest): Promise<Verified> =>
  claimed(request, idNamed(config, request))

function idNamed({ idHeader }: VerifyConfig, request: SignedRequest): string | undefined {
  return idHeader && single(request, idHeader)
}
