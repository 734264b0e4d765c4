import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { Failure } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import { doorMark, type Host, type HostName, isDoor } from '../domain/host.ts'
import { isName } from '../domain/name.ts'
import type { Store } from '../domain/ports.ts'

// As which a home's door is known in a store that it shares with others.

/** The name of this home's door; undefined where it has none yet. */
export function knownName({ nameFile }: Pick<Home, 'nameFile'>): HostName | undefined {
  const text = existsSync(nameFile) ? readFileSync(nameFile, 'utf8').trim() : ''
  return isName(text) ? (text as HostName) : undefined
}

/** The name of this home's door, chosen at its first opening after the machine's. */
export async function ownName(
  home: Pick<Home, 'root' | 'nameFile'>,
  store: Pick<Store, 'listHosts' | 'addHost'>,
  now: number,
): Promise<HostName> {
  const known = knownName(home)
  if (known !== undefined && (await store.listHosts()).some((host) => host.name === known && isOpen(host)))
    return known
  return takeName(home, store, now, known)
}

export const isOpen = (host: Host): boolean => isDoor(host) && host.revokedAt === undefined

/** The name of this home's door, and its mark, in a store that has hosts of those names. */
export function nameAmong(
  { root, nameFile }: Pick<Home, 'root' | 'nameFile'>,
  taken: readonly string[],
): Pick<Host, 'name' | 'tokenHash'> {
  const wanted = nameOf(hostname())
  for (let number = 1; ; number += 1) {
    const name = numbered(wanted, number)
    if (taken.includes(name)) continue
    keepName(nameFile, name)
    return { name, tokenHash: doorMark(placeOf(root)) }
  }
}

export async function takeName(
  { root, nameFile }: Pick<Home, 'root' | 'nameFile'>,
  store: Pick<Store, 'addHost'>,
  now: number,
  wanted = nameOf(hostname()),
): Promise<HostName> {
  for (let number = 1; ; number += 1) {
    const name = numbered(wanted, number)
    try {
      await store.addHost(name, doorMark(placeOf(root)), now)
    } catch (thrown) {
      if (thrown instanceof Failure && thrown.code === 'host_exists') continue
      throw thrown
    }
    keepName(nameFile, name)
    return name
  }
}

const numbered = (wanted: HostName, number: number): HostName =>
  (number === 1 ? wanted : `${wanted}-${number}`) as HostName

export function keepName(nameFile: string, name: HostName): void {
  writeFileSync(`${nameFile}.new`, `${name}\n`, { mode: 0o600 })
  renameSync(`${nameFile}.new`, nameFile)
}

const longestName = 56

function nameOf(machine: string): HostName {
  const name = machine
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, longestName)
  return (isName(name) ? name : 'door') as HostName
}

/** Where a home lies, to people. */
export const placeOf = (root: string): string => `${hostname()}:${root}`
