/**
 * Whether an IP address is an ordinary one of the public internet: none of the IANA special-purpose registries (RFC
 * 6890), no multicast, nothing reserved. Text that is not exactly an address, and addresses with a zone, are not.
 */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text)
  if (!address) return false
  const inner = innerAddress(address)
  const { listed, ordinary } = special[inner.bits]
  return isWithin(inner, ordinary) && !listed.some((block) => isWithin(inner, block))
}

/**
 * Whether an IP address lies in a block: CIDR (`10.0.0.0/8`) or a single address. IPv4 written as IPv6 is the IPv4
 * address it stands for. False for text that is no address or no block.
 */
export function isInBlock(text: string, block: string): boolean {
  const address = parseAddress(text)
  const parsed = parseBlock(block)
  return address !== undefined && parsed !== undefined && isWithin(unmapped(address), parsed)
}

/** Whether a text is a CIDR block or an address, for those who check a configuration. */
export const isBlock = (text: string): boolean => parseBlock(text) !== undefined

interface Address {
  readonly bits: 32 | 128
  readonly value: bigint
}

interface Block extends Address {
  readonly prefix: number
}

const isWithin = (address: Address, block: Block): boolean =>
  address.bits === block.bits &&
  address.value >> BigInt(block.bits - block.prefix) === block.value >> BigInt(block.bits - block.prefix)

/** The address that a translated one ends at: `::ffff:0:0/96` (RFC 4291), `64:ff9b::/96` (RFC 6052). */
function innerAddress(address: Address): Address {
  const translated = address.bits === 128 && address.value >> 32n === 0x64ff9b0000000000000000n
  return translated ? { bits: 32, value: address.value & 0xffffffffn } : unmapped(address)
}

const unmapped = (address: Address): Address =>
  address.bits === 128 && address.value >> 32n === 0xffffn
    ? { bits: 32, value: address.value & 0xffffffffn }
    : address

function parseBlock(text: string): Block | undefined {
  const [head = '', length, ...rest] = text.split('/')
  const address = parseAddress(head)
  if (!address || rest.length > 0) return undefined
  if (length === undefined) return { ...unmapped(address), prefix: unmapped(address).bits }
  const prefix = /^(0|[1-9]\d{0,2})$/.test(length) ? Number(length) : Number.POSITIVE_INFINITY
  return prefix <= address.bits ? { ...address, prefix } : undefined
}

function parseAddress(text: string): Address | undefined {
  const value = text.includes(':') ? parseIPv6(text) : parseIPv4(text)
  return value === undefined ? undefined : { bits: text.includes(':') ? 128 : 32, value }
}

/** Four decimal numbers without leading zeros; none of the older spellings. */
function parseIPv4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n)
}

/** RFC 4291 section 2.2, without zones. */
function parseIPv6(text: string): bigint | undefined {
  const [before = '', after, ...rest] = text.split('::')
  if (rest.length > 0) return undefined
  const head = groupsOf(before)
  const tail = after === undefined ? [] : groupsOf(after)
  const missing = 8 - (head?.length ?? 9) - (tail?.length ?? 9)
  if (!head || !tail || (after === undefined ? missing !== 0 : missing < 1)) return undefined
  if (after !== undefined && before.includes('.')) return undefined
  const groups = [...head, ...Array<bigint>(missing).fill(0n), ...tail]
  return groups.reduce((value, group) => (value << 16n) | group, 0n)
}

/** 16-bit groups, the last two of which may be spelled as IPv4. */
function groupsOf(text: string): readonly bigint[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const last = parts.at(-1) ?? ''
  const v4 = last.includes('.') ? parseIPv4(last) : undefined
  const hex = v4 === undefined ? parts : parts.slice(0, -1)
  if (!hex.every((part) => /^[0-9a-fA-F]{1,4}$/.test(part))) return undefined
  const groups = hex.map((part) => BigInt(`0x${part}`))
  return v4 === undefined ? groups : [...groups, v4 >> 16n, v4 & 0xffffn]
}

const blocks = (...texts: readonly string[]): readonly Block[] =>
  texts.map(parseBlock).filter((block) => block !== undefined)

/** iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry, with multicast and reserved space. */
const special: Readonly<Record<32 | 128, { readonly ordinary: Block; readonly listed: readonly Block[] }>> = {
  32: {
    ordinary: { bits: 32, value: 0n, prefix: 0 },
    listed: blocks(
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
    ),
  },
  128: {
    ordinary: { bits: 128, value: 0x2000n << 112n, prefix: 3 }, // global unicast: all that is allocated
    listed: blocks(
      '2001::/23', // protocol assignments: Teredo, benchmarks, ORCHID
      '2001:db8::/32', // documentation
      '2002::/16', // 6to4
      '2620:4f:8000::/48', // AS112
      '3fff::/20', // documentation
    ),
  },
}
