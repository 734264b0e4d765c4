import type { Accepted, Restored } from '../domain/home-state.ts'
import { lockHome } from '../store/lock.ts'
import { acceptLoss, restore } from '../store/restore.ts'
import { openHome } from './home.ts'
import { type ProcessDeps, storeDeps } from './local-home.ts'

/** Puts a backup in place of a home's database. Throws `already_running` while a server serves that home. */
export async function restoreHome(
  deps: ProcessDeps,
  root: string,
  file: string,
  { keepGrants }: { readonly keepGrants: boolean },
): Promise<Restored> {
  return whileNotServed(deps, root, (place) => restore({ ...place, keepGrants }, file))
}

/** Goes on with what there is of a home's database. Throws as `restoreHome` does. */
export const acceptLossOf = (deps: ProcessDeps, root: string): Promise<Accepted> =>
  whileNotServed(deps, root, acceptLoss)

async function whileNotServed<T>(
  deps: ProcessDeps,
  root: string,
  act: (place: ReturnType<typeof storeDeps>) => Promise<T>,
): Promise<T> {
  const home = openHome(root)
  const lock = lockHome(deps.platform, home.serverLock)
  try {
    // The lock is held: nobody else upgrades meanwhile.
    const { serverLock: _, ...place } = storeDeps(deps, home)
    return await act(place)
  } finally {
    lock.release()
  }
}
