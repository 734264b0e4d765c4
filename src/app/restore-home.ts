import { Failure } from '../domain/error.ts'
import type { Accepted, KeepGrants, Restored } from '../domain/home-state.ts'
import { lockHome } from '../store/lock.ts'
import { acceptPutBack } from '../store/put-back.ts'
import { acceptLoss, restore } from '../store/restore.ts'
import { openHome } from './home.ts'
import { atTheDoor, joinedDoor } from './joined-door.ts'
import { type ProcessDeps, storeDeps } from './local-home.ts'

/** Puts a backup in place of a home's database. Throws `already_running` while a server serves that home. */
export async function restoreHome(
  deps: ProcessDeps,
  root: string,
  file: string,
  { keepGrants }: KeepGrants,
): Promise<Restored> {
  return whileNotServed(deps, root, (place) => {
    if (place.postgres)
      throw new Failure(
        'usage',
        'The store of this home lies in PostgreSQL: pg_restore puts a copy of it back. Then: postern restore --accept-loss',
      )
    return restore({ ...place, keepGrants }, file)
  })
}

/** Goes on with what there is of a home's database. Throws as `restoreHome` does. */
export const acceptLossOf = (
  deps: ProcessDeps,
  root: string,
  { keepGrants }: KeepGrants,
): Promise<Accepted> =>
  whileNotServed(deps, root, ({ postgres, ...place }) =>
    postgres ? acceptPutBack({ ...place, postgres, keepGrants }) : acceptLoss(place),
  )

async function whileNotServed<T>(
  deps: ProcessDeps,
  root: string,
  act: (place: ReturnType<typeof storeDeps>) => Promise<T>,
): Promise<T> {
  const home = openHome(root)
  const joined = joinedDoor(home)
  if (joined) throw atTheDoor(joined)
  const lock = lockHome(deps.platform, home.serverLock)
  try {
    // The lock is held: nobody else upgrades meanwhile.
    const { serverLock: _, ...place } = storeDeps(deps, home)
    return await act(place)
  } finally {
    lock.release()
  }
}
