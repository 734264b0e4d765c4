import type { VerifyConfig } from '../domain/verify.ts'
import { schemeOf } from './index.ts'
import type { Outgoing } from './outgoing.ts'
import type { RequestHead } from './request.ts'
import type { Proof } from './sender.ts'

/**
 * Asks a request for its proof by the configured scheme. The body is read only when the headers could be good, and
 * looked into only when the proof holds: `verify` comes before every handshake that stands in a body. Throws what
 * `readBody` and `VerifyLater` throw.
 */
export async function prove(
  config: VerifyConfig,
  head: RequestHead,
  readBody: () => Promise<Uint8Array>,
  outgoing: Outgoing,
): Promise<Proof> {
  const scheme = schemeOf(config.scheme)
  if (!scheme) return unproven
  const open = scheme.openHandshake?.(config, head)
  if (open) return open
  if (head.method !== 'POST') return { kind: 'method', allow: 'POST' }
  if (
    scheme.secretIn === 'headers' &&
    !(await scheme.verify(config, { ...head, rawBody: noBytes }, outgoing))
  )
    return unproven
  const request = { ...head, rawBody: await readBody() }
  const verified = await scheme.verify(config, request, outgoing)
  if (!verified) return unproven
  const answer = await scheme.handshake?.(config, request, outgoing)
  return answer ? { kind: 'handshake', answer } : { kind: 'verified', verified }
}

const unproven: Proof = { kind: 'unproven' }
const noBytes = new Uint8Array()
