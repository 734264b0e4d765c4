import { readFileSync, writeFileSync } from 'node:fs'
import type { Home } from '../domain/home.ts'
import { keysVariable } from '../domain/key-variables.ts'

/** What a server leaves for the commands of its home. */
export interface ServerFile {
  readonly pid?: number
  /** Where it listens; absent once it has stopped. */
  readonly url?: string
  /** Where the world reaches it, and so what capability URLs begin with. */
  readonly base?: string
  /** `base` is its public URL, not where it listens. */
  readonly isPublic?: boolean
  /** `base` came from flags or variables of the server: a stopped one most likely gets the same again. */
  readonly overridden?: boolean
  /** The address of the database that its store lies in. */
  readonly store?: string
  /** The variables that it has its keys by: those in the home are none. */
  readonly given?: readonly string[]
}

export const writeServerFile = ({ serverFile }: Home, written: Omit<ServerFile, 'pid'>): void =>
  writeFileSync(serverFile, `${JSON.stringify({ pid: process.pid, ...written })}\n`, { mode: 0o600 })

/** The URL of the running server of this home; undefined when there is none. */
export const runningUrl = (home: Home): string | undefined => read(home).url

/** What the running server's URLs begin with, or those of the last one if its flags said so; undefined where the configuration does. */
export function servedBase(home: Home): string | undefined {
  const { url, base, overridden } = read(home)
  return url !== undefined || overridden ? base : undefined
}

/** The public URL of that server, where it says more than the configuration, which has `configured`. */
export const servedPublicUrl = (home: Home, configured: string | undefined): string | undefined => {
  const base = servedBase(home)
  if (base === undefined) return configured
  return read(home).isPublic ? base : undefined
}

/** The address of the store that the home's server opened last; a stopped one most likely opens the same again. */
export const servedStore = (home: Home): string | undefined => read(home).store

/** Whether the home's server had that variable last: what a file of the home has in its place is none. */
export const isGiven = (home: Home, variable: string): boolean =>
  read(home).given?.includes(variable) === true

/** Whether the server of this home alone has its keys: this environment lacks them. */
export const lacksKeys = (env: Readonly<Record<string, string | undefined>>, home: Home): boolean =>
  !env[keysVariable] && isGiven(home, keysVariable)

function read({ serverFile }: Home): ServerFile {
  try {
    const written: unknown = JSON.parse(readFileSync(serverFile, 'utf8'))
    return typeof written === 'object' && written !== null ? checked(written) : {}
  } catch {
    return {}
  }
}

const checked = (written: {
  readonly url?: unknown
  readonly base?: unknown
  readonly isPublic?: unknown
  readonly overridden?: unknown
  readonly store?: unknown
  readonly given?: unknown
}) => ({
  ...(typeof written.url === 'string' && { url: written.url }),
  ...(typeof written.base === 'string' && { base: written.base }),
  ...(typeof written.store === 'string' && { store: written.store }),
  ...(Array.isArray(written.given) && { given: written.given.map(String) }),
  isPublic: written.isPublic === true,
  overridden: written.overridden === true,
})
