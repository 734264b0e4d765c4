import { BlockList, isIP } from 'node:net'
import { Failure } from '../domain/error.ts'

/**
 * Whether an IP address is an ordinary one of the public internet: none of the IANA special-purpose registries (RFC
 * 6890), no multicast, nothing reserved. Text that is not exactly an address, and addresses with a zone, are not.
 */
export const isPublicAddress = (text: string): boolean => isWithin(text, ordinary) && !isWithin(text, special)

/**
 * Whether an IP address lies in a block: CIDR (`10.0.0.0/8`) or a single address. IPv4 written as IPv6 is the IPv4
 * address it stands for. False for text that is no address or no block.
 */
export function isInBlock(text: string, block: string): boolean {
  const list = listOf(block)
  // Node and Bun find IPv4 in `::/0`, Deno does not: here no IPv6 block holds it.
  return list !== undefined && isWithin(text, list) && !(isV6Block(block) && isWithin(text, anyV4))
}

/** Whether a text is a CIDR block or an address, for those who check a configuration. */
export const isBlock = (text: string): boolean => listOf(text) !== undefined

/** Whether a callback may go to an address that it names, or that its host name resolves to. */
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

/** The IP address in a URL, or undefined when its host is a name. */
export function literalAddress({ hostname }: URL): string | undefined {
  const literal = hostname.replace(/^\[|\]$/g, '')
  return isIP(literal) === 0 ? undefined : literal
}

const longestUrl = 2048

/** Checks a callback's URL as far as is possible before its name is resolved. Throws `unprocessable`. */
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

type Family = 'ipv4' | 'ipv6'

/** The family of an address without a zone. */
const familyOf = (text: string): Family | undefined =>
  isIP(text) === 4 ? 'ipv4' : isIP(text) === 6 && !text.includes('%') ? 'ipv6' : undefined

function isWithin(text: string, list: BlockList): boolean {
  const family = familyOf(text)
  return family !== undefined && list.check(text, family)
}

const isV6Block = (block: string): boolean => block.includes(':') && block.includes('/')

function listOf(block: string): BlockList | undefined {
  const list = new BlockList()
  return addBlock(list, block) ? list : undefined
}

/** False when it is no block. */
function addBlock(list: BlockList, block: string): boolean {
  const [address = '', prefix, ...rest] = block.split('/')
  const family = familyOf(address)
  if (!family || rest.length > 0) return false
  if (prefix === undefined) list.addAddress(address, family)
  else if (!/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > (family === 'ipv4' ? 32 : 128)) return false
  else list.addSubnet(address, Number(prefix), family)
  return true
}

function listOfAll(blocks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const block of blocks) addBlock(list, block)
  return list
}

/** An IPv4 block as NAT64 (RFC 6052) translates it: a way to the same addresses. */
const translated = (block: string): string => {
  const [address, prefix] = block.split('/')
  return `64:ff9b::${address}/${96 + Number(prefix)}`
}

const anyV4 = listOfAll(['0.0.0.0/0'])
/** `2000::/3` is all of IPv6 that is allocated as global unicast. */
const ordinary = listOfAll(['0.0.0.0/0', translated('0.0.0.0/0'), '2000::/3'])

/** iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry, with multicast and reserved space. */
const specialV4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local, cloud metadata
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.31.196.0/24', // AS112
  '192.52.193.0/24', // AMT
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '192.175.48.0/24', // AS112
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
]
const specialV6 = [
  '2001::/23', // protocol assignments: Teredo, benchmarks, ORCHID
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4
  '2620:4f:8000::/48', // AS112
  '3fff::/20', // documentation
]
const special = listOfAll([...specialV4, ...specialV4.map(translated), ...specialV6])
