import { existsSync } from 'node:fs'
import { Failure } from '../domain/error.ts'
import { shownAddress } from '../domain/shown-address.ts'
import type { StoreCopy } from '../domain/store-copy.ts'
import { lockHome } from '../store/lock.ts'
import { isPostgres } from '../store/postgres/address.ts'
import { copyStore, isSame } from '../store/postgres/copy.ts'
import { openStore } from '../store/sqlite.ts'
import { nameAmong } from './door-name.ts'
import { openHome } from './home.ts'
import { atTheDoor, joinedDoor } from './joined-door.ts'
import { type ProcessDeps, postgresAt, storeDeps, tellUpgrade } from './local-home.ts'

/** Copies everything that a home has stored in its file into a database. Throws as `copyStore` does, and `already_running` while a server serves that home. */
export async function copyHome(
  deps: ProcessDeps,
  root: string,
  address: string,
  stderr: (text: string) => void,
): Promise<StoreCopy> {
  if (!isPostgres(address))
    throw new Failure('usage', '--to takes an address such as postgres://user@host:5432/database.')
  const home = openHome(root)
  const joined = joinedDoor(home)
  if (joined) throw atTheDoor(joined)
  const { postgres, serverLock: _, ...place } = storeDeps(deps, home)
  if (postgres)
    throw new Failure(
      'usage',
      `The store of this home lies in ${shownAddress(postgres.url)}: pg_dump and pg_restore copy that. ` +
        'To copy a file that was used before, take "store" out of the configuration first, and POSTERN_STORE.',
    )
  if (!existsSync(place.path))
    throw new Failure('usage', `Nothing is stored in ${home.root} yet: name the database with --store.`)
  const lock = lockHome(deps.platform, home.serverLock)
  try {
    // Refuses a home in trouble, and brings the file to the schema of this version.
    await (await openStore({ ...place, onUpgrade: tellUpgrade(stderr) })).close()
    const copied = await copyStore({
      ...place,
      to: postgresAt(deps, address),
      door: (taken) => nameAmong(home, taken),
    })
    return {
      to: shownAddress(address),
      file: place.path,
      configFile: home.configFile,
      tables: copied.map((table) => ({ ...table, same: isSame(table) })),
    }
  } finally {
    lock.release()
  }
}
