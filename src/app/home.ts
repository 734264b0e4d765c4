import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure, reasonOf } from '../domain/error.ts'
import { type Home, homeAt } from '../domain/home.ts'

/** The home at `root`, made where it is new: directories 0700. Throws `home_unusable` with the fix. */
export function openHome(root: string): Home {
  const home = homeAt(root)
  try {
    for (const dir of [root, dirname(home.configFile), home.runDir]) makePrivate(dir)
  } catch (cause) {
    const why = reasonOf(cause)
    throw new Failure('home_unusable', `Cannot use the home ${root}: ${why}. Choose another with --home.`, {
      cause,
    })
  }
  return home
}

/** Makes a directory, or takes other users' access to it away. */
function makePrivate(dir: string): void {
  if (mkdirSync(dir, { recursive: true, mode: 0o700 }) !== undefined) chmodSync(dir, 0o700)
  if (process.platform !== 'win32' && (statSync(dir).mode & 0o077) !== 0) chmodSync(dir, 0o700)
}
