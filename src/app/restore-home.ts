import type { Restored } from '../cli/context.ts'
import { lockHome } from '../store/lock.ts'
import { restore } from '../store/restore.ts'
import { openHome } from './home.ts'
import type { ProcessDeps } from './local-home.ts'

/** Puts a backup in place of a home's database. Throws `already_running` while a server serves that home. */
export async function restoreHome(
  { platform, clock }: ProcessDeps,
  root: string,
  file: string,
  { keepGrants }: { readonly keepGrants: boolean },
): Promise<Restored> {
  const { serverLock, databaseFile: path, revokedFile } = openHome(root)
  const lock = lockHome(platform, serverLock)
  try {
    return await restore({ platform, path, revokedFile, now: clock.now, role: 'client', keepGrants }, file)
  } finally {
    lock.release()
  }
}
