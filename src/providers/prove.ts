import { Failure } from '../domain/error.ts'
import type { BodyAs } from '../domain/knock.ts'
import type { VerifyConfig } from '../domain/verify.ts'
import { isPacked } from '../payload/unpack.ts'
import { emptyAnswer } from './answer.ts'
import { schemeOf } from './index.ts'
import type { Network } from './network.ts'
import { claimed, type RequestHead, type SignedRequest, type Verified } from './request.ts'
import type { Proof, Scheme } from './sender.ts'
import { wrong } from './unproven.ts'

/**
 * Asks a request for its proof by the configured scheme. The body is read only when the headers could be good, and
 * looked into only when the proof holds: `verify` comes before every handshake that stands in a body. Throws what
 * `readBody` and `VerifyLater` throw.
 */
export async function prove(
  config: VerifyConfig,
  head: RequestHead,
  readBody: ReadBody,
  network: Network,
): Promise<Proof> {
  const scheme = schemeOf(config.scheme)
  if (!scheme) return wrong('there is no such scheme')
  const open = scheme.openHandshake?.(config, head)
  if (open) return open
  if (probes.includes(head.method)) return { kind: 'handshake', answer: emptyAnswer(200) }
  if (head.method !== 'POST') return { kind: 'method', allow: 'POST' }
  const bare = { ...head, rawBody: noBytes }
  if (scheme.secretIn === 'headers' && !(await scheme.verify(config, bare, network)))
    return unproven(scheme, config, bare)
  const asSent = await verifiedAsSent(scheme, config, head, readBody, network)
  const isTrusted = asSent !== undefined || scheme.secretIn === 'headers'
  const request = { ...head, rawBody: await readBody(isTrusted ? undefined : 'unproven') }
  const proven = asSent ?? (await scheme.verify(config, request, network))
  const verified = proven && scheme.inspect ? await scheme.inspect(config, request, proven) : proven
  if (!verified) return unproven(scheme, config, request)
  const answer = await scheme.handshake?.(config, request, network)
  return answer ? { kind: 'handshake', answer } : { kind: 'verified', verified }
}

/**
 * The same where the address is the proof, and stands in place of the scheme's. Only a handshake that would give something
 * away still asks for the scheme's own. What the sender calls the delivery counts with its bytes, unless its signature holds.
 */
export async function proveByUrl(
  config: VerifyConfig,
  head: RequestHead,
  readBody: ReadBody,
  network: Network,
): Promise<Exclude<Proof, { kind: 'unproven' }>> {
  const scheme = schemeOf(config.scheme)
  const open = scheme?.openHandshake?.(config, head)
  if (open && open.kind !== 'unproven') return open
  if (probes.includes(head.method)) return { kind: 'handshake', answer: emptyAnswer(200) }
  if (head.method !== 'POST') return { kind: 'method', allow: 'POST' }
  const request = { ...head, rawBody: await readBody() }
  if (!scheme) return { kind: 'verified', verified: {} }
  const signed = await verifiedAnyway(scheme, config, head, readBody, network)
  const answer = signed || scheme.echoes ? await scheme.handshake?.(config, request, network) : undefined
  if (answer) return { kind: 'handshake', answer }
  return {
    kind: 'verified',
    verified: signed ?? (await claimed(request, await idOf(scheme, config, request))),
  }
}

/** What the sender calls the delivery, in its headers or its body. */
async function idOf(scheme: Scheme, config: VerifyConfig, request: SignedRequest): Promise<unknown> {
  const id = scheme.idIn?.(config, request)
  return id ?? (await scheme.inspect?.(config, request, {}))?.deliveryId
}

/** A scheme that cannot know now does not keep away what needs no proof of it. */
async function verifiedAnyway(
  scheme: Scheme,
  config: VerifyConfig,
  head: RequestHead,
  readBody: ReadBody,
  network: Network,
): Promise<Verified | undefined> {
  try {
    const asSent = await verifiedAsSent(scheme, config, head, readBody, network)
    const request = { ...head, rawBody: await readBody() }
    const proven = asSent ?? (await scheme.verify(config, request, network))
    return proven && scheme.inspect ? await scheme.inspect(config, request, proven) : proven
  } catch (thrown) {
    if (thrown instanceof Failure && (thrown.code === 'unreachable' || thrown.code === 'rate_limited'))
      return undefined
    throw thrown
  }
}

/** How senders look whether an address is there before they keep it (Trello, Mandrill). */
const probes: readonly string[] = ['GET', 'HEAD']

/** The body unpacked, as far as who sent it is trusted, or as it was sent. */
type ReadBody = (as?: BodyAs) => Promise<Uint8Array>

/**
 * A packed body may be signed as it was sent (whoever packs, signs what leaves) or as it was before (its framework packs
 * later): either signature vouches for what is read. Where a secret is shown only the latter is looked at: a repeat may be
 * packed into other bytes.
 */
const verifiedAsSent = async (
  scheme: Scheme,
  config: VerifyConfig,
  head: RequestHead,
  readBody: ReadBody,
  network: Network,
): Promise<Verified | undefined> =>
  scheme.secretIn || !isPacked(head.header('content-encoding'))
    ? undefined
    : scheme.verify(config, { ...head, rawBody: await readBody('sent') }, network)

const unproven = async (scheme: Scheme, config: VerifyConfig, request: SignedRequest): Promise<Proof> =>
  (await scheme.whyNot?.(config, request)) ?? wrong('the secret or signature is missing or wrong')

const noBytes = new Uint8Array()
