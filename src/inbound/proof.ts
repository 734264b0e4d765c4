import type { Hook } from '../domain/hook.ts'
import { schemeOf, senders } from '../providers/index.ts'
import { withProof } from '../providers/signed-sample.ts'

type Proven = Pick<Hook, 'verify'>

/** How requests to a hook prove themselves, in a few words: `GitHub signature`, `bearer secret`. */
export function proofWords({ verify }: Proven): string {
  const { scheme, header } = verify
  const title = titleOf(scheme)
  if (scheme === 'bearer') return header === undefined ? 'bearer secret' : `secret in ${header}`
  if (scheme === 'basic') return 'user and password'
  if (scheme === 'hmac') return header === undefined ? 'HMAC' : `HMAC in ${header}`
  return `${title} ${showsSecret({ verify }) ? 'secret' : 'signature'}`
}

/** Whether the secret itself stands in the proof, instead of a signature made with it. */
export function showsSecret({ verify }: Proven): boolean {
  const scheme = schemeOf(verify.scheme)
  if (verify.scheme === 'basic' || scheme?.secretIn !== undefined) return true
  const nothing = { url: 'https://postern.example/', rawBody: new Uint8Array(), headers: {}, now: 0 }
  const headers = (scheme && withProof(scheme, nothing, verify)?.headers) ?? {}
  return Object.values(headers).some((value) => value.includes(verify.secrets[0] ?? ' '))
}

/** The sender that a hook is for, as people write its name; undefined for one that is for any. */
export function senderOf({ preset, verify }: Pick<Hook, 'preset' | 'verify'>): string | undefined {
  if (preset !== undefined) return titleOf(preset)
  return anybody.includes(verify.scheme) ? undefined : titleOf(verify.scheme)
}

const anybody: readonly string[] = ['bearer', 'basic', 'hmac']

const titleOf = (sender: string): string => senders.get(sender)?.title ?? sender
