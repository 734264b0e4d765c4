import { basicIn, bearerIn, isSecret, sameText } from '../auth/secrets.ts'
import type { VerifyConfig } from '../domain/verify.ts'
import { memberIn } from '../payload/json.ts'
import { isList, memberOf } from '../payload/view.ts'
import { type Check, claimed, type SignedRequest, single, type Verified } from './request.ts'

/** The shared secret itself, as a Bearer token (RFC 6750) or in a header of its own. */
export const bearer: Check = (config, request) => {
  const presented =
    config.header === undefined ? bearerIn(authorizationOf(request)) : ownHeader(config, request)
  const spellings = [presented ?? '', utf8Of(presented ?? '')]
  return spellings.some((one) => isSecret(one, config.secrets)) ? named(config, request) : undefined
}

/** User name and password (RFC 7617). */
export const basic: Check = (config, request) => {
  const shown = basicIn(authorizationOf(request))
  const user = sameText(shown?.username ?? '', config.username ?? '')
  const password = isSecret(shown?.password ?? '', config.secrets)
  return user && password ? named(config, request) : undefined
}

/** learn.microsoft.com, "Receive change notifications": every notification repeats the agreed `clientState`. */
export const microsoftGraph: Check = (config, request) => {
  const notifications = memberIn(request.rawBody, 'value')
  if (notifications === undefined || !isList(notifications) || notifications.length === 0) return undefined
  const states = notifications.map((one) => memberOf(one, 'clientState'))
  return states.every((state) => typeof state === 'string' && isSecret(state, config.secrets))
    ? {}
    : undefined
}

/** Runtimes hand headers over as Latin-1, clients send secrets beyond ASCII in UTF-8. */
const utf8Of = (text: string): string => Buffer.from(text, 'latin1').toString('utf8')

const authorizationOf = (request: SignedRequest): string | undefined => request.header('authorization')

function ownHeader({ header = '', prefix = '' }: VerifyConfig, request: SignedRequest): string | undefined {
  const value = single(request, header)
  return value?.startsWith(prefix) ? value.slice(prefix.length) : undefined
}

const named = ({ idHeader }: VerifyConfig, request: SignedRequest): Verified =>
  claimed(request, idHeader && single(request, idHeader))
