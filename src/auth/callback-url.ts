import { isIP } from 'node:net'
import { Failure } from '../domain/error.ts'
import { isInBlock, isPublicAddress } from './address.ts'

/** Whether this address may be reached, also when it is asked for under that name. */
export type MayCall = (address: string, hostname: string) => boolean

/** Public addresses, and what `server.callbacks.allow` names: hosts, addresses, CIDR blocks. */
export const callableBy =
  (allow: () => readonly string[]): MayCall =>
  (address, hostname) =>
    isPublicAddress(address) ||
    allow().some((entry) => sameHost(entry, hostname) || isInBlock(address, entry))

/** Undefined for anything but an absolute http(s) URL without user and password. */
export function parseCallbackUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain = url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  return plain ? url : undefined
}

/** The IP address a URL's host spells, or undefined when it is a name. */
export function literalAddress({ hostname }: URL): string | undefined {
  const literal = hostname.replace(/^\[|\]$/g, '')
  return isIP(literal) === 0 ? undefined : literal
}

const longestUrl = 2048

/** What can be seen of a callback's address before any name is resolved. Throws `unprocessable`. */
export function checkCallback(text: string, mayCall: MayCall): void {
  const url = text.length > longestUrl ? undefined : parseCallbackUrl(text)
  if (!url)
    throw wrong(`must be an http or https URL without credentials, at most ${longestUrl} characters long`)
  const address = literalAddress(url)
  if (address !== undefined && !mayCall(address, url.hostname))
    throw wrong('names an address that is not public; server.callbacks.allow can permit it')
}

const wrong = (what: string): Failure => new Failure('unprocessable', `"callbackUrl" ${what}.`)

const sameHost = (a: string, b: string): boolean => a.replace(/\.$/, '') === b.replace(/\.$/, '')
