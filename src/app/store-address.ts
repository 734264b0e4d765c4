import { existsSync, readFileSync } from 'node:fs'
import { Failure } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import { isPostgres } from '../store/postgres/address.ts'
import { becomeOwner, troubleWithOwner } from './home-owner.ts'
import { servedStore } from './server-file.ts'

type Env = Readonly<Record<string, string | undefined>>

/**
 * The address of the database that a home's store lies in: by `--store` or `POSTERN_STORE` of this process, else by the file of the
 * home's server, else by the configuration. Undefined for the home's own file. Throws `config_invalid`.
 */
export function storeAddress(env: Env, home: Home): string | undefined {
  const address = env.POSTERN_STORE || servedStore(home) || configuredStore(home)
  if (address !== undefined && !isPostgres(address))
    throw new Failure(
      'config_invalid',
      'The store must be an address such as postgres://user@host:5432/database; without one it is a file in the home.',
    )
  return address
}

/**
 * Whether there is anything stored yet, here or at the door that the home has joined, as far as that can be seen without asking. Root
 * becomes the home's user; of a home that is not its user's alone nothing is read, for it might never end.
 */
export function hasStore(env: Env, home: Home): boolean {
  if (!existsSync(home.root)) return false
  becomeOwner(home.root)
  const isRead = troubleWithOwner(home) === undefined
  return (
    existsSync(home.doorFile) ||
    (isRead && storeAddress(env, home) !== undefined) ||
    existsSync(home.databaseFile)
  )
}

/** Also of a file that is otherwise wrong: no command may take another store for this one. */
function configuredStore({ configFile }: Home): string | undefined {
  const text = existsSync(configFile) ? readFileSync(configFile, 'utf8').replace(/^\ufeff/, '') : '{}'
  try {
    const { store } = JSON.parse(text) as { readonly store?: unknown }
    return typeof store === 'string' ? store : undefined
  } catch {
    if (!/"store"\s*:/.test(text)) return undefined
    throw new Failure(
      'config_invalid',
      `${configFile} cannot be read, and it names the store. What is wrong with it: postern check`,
    )
  }
}
