import { randomUUID } from 'node:crypto'
import { Failure } from '../domain/error.ts'
import type { Hook } from '../domain/hook.ts'
import { inShellQuotes } from '../domain/shell-quote.ts'
import { exactText } from '../payload/text.ts'
import { canSign, schemeOf } from '../providers/index.ts'
import { showsSecret } from './proof.ts'
import type { Sample } from './rehearse.ts'
import { signedKnock } from './send-signed.ts'

/** Longer payloads are read from a file. Characters. */
const longestBody = 4000

export interface Place {
  /** Where senders find this server. */
  readonly base: string
  /** Unix milliseconds. */
  readonly now: number
}

/**
 * A command line that sends a payload to the hook. A secret that is shown as it is stays a variable; a signature is that of this
 * payload at this moment.
 */
export function curlOf(hook: Hook, sample: Sample, { base, now }: Place) {
  const url = base + hook.path
  const text = bodyText(sample.payload)
  const pasteable = Object.entries(sample.headers).filter(([, value]) => !unpasteable.test(value))
  const asked = { ...sample, headers: Object.fromEntries(pasteable) }
  const { headers, user, isSigned, isUnproven = false } = proven(hook, asked, { url, now })
  const lines = [
    `curl -X POST ${inShellQuotes(url)}`,
    ...(user === undefined ? [] : [`-u ${withVariable(user)}`]),
    ...Object.entries(headers).map(([name, value]) => `-H ${withVariable(`${name}: ${value}`)}`),
    text === undefined ? '--data-binary @payload' : `--data-raw ${inShellQuotes(text)}`,
  ]
  return {
    curl: lines.join(' \\\n  '),
    signed: isSigned ? { span: spanOf(hook) } : null,
    unsigned: isUnproven,
    fromFile: text === undefined,
  }
}

interface Proven {
  readonly headers: Sample['headers']
  /** What `curl -u` takes. */
  readonly user?: string
  readonly isSigned: boolean
  readonly isUnproven?: true
}

/** Signed, or with the secret by its variable where it is shown; without proof where that cannot be made. */
function proven(...given: Parameters<typeof withProof>): Proven {
  const [hook, sample] = given
  try {
    if (canSign(hook)) return withProof(...given)
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown
  }
  return { headers: sample.headers, isSigned: false, isUnproven: true }
}

/** Throws `unprocessable`. */
function withProof(
  hook: Hook,
  sample: Sample,
  { url, now }: { readonly url: string; readonly now: number },
): Proven {
  const { verify, name } = hook
  const isSigned = !showsSecret(hook)
  const proof = isSigned ? verify : { ...verify, secrets: [placeOfSecret] }
  const knocking = { url, now, newId: randomUUID, requestId: '' }
  const { 'x-request-id': _, ...headers } = signedKnock({ name, verify: proof }, sample, knocking).headers
  if (verify.scheme !== 'basic') return { headers, isSigned }
  const { authorization: __, ...others } = headers
  return { headers: others, user: `${verify.username ?? ''}:${placeOfSecret}`, isSigned }
}

/** Nobody can guess it: what came with a payload is never taken for the secret's place. */
const placeOfSecret = randomUUID()

/** One argument for a shell, which puts the secret in by its variable and takes nothing else for more than text. */
const withVariable = (text: string): string =>
  text
    .split(placeOfSecret)
    .map((part) => (part === '' ? '' : inShellQuotes(part)))
    .join('"$SECRET"')

/** How long a signature of now holds; null where it has no time. */
function spanOf({ verify }: Hook): string | null {
  const seconds = verify.toleranceSeconds ?? schemeOf(verify.scheme)?.toleranceSeconds
  return seconds === undefined ? null : `${seconds} seconds`
}

/** Undefined for what a shell or a page could not carry. */
function bodyText(payload: Uint8Array): string | undefined {
  const text = exactText(payload, longestBody)
  return text === undefined || unpasteable.test(text) ? undefined : text
}

/** A terminal that it is pasted into obeys these, whatever quotes they stand in: a ^C ends the line, and what follows is the next one. */
const unpasteable = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/
