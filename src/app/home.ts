import { chmodSync, lstatSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure, reasonOf } from '../domain/error.ts'
import { type Home, homeAt } from '../domain/home.ts'
import { becomeOwner, troubleWithOwner } from './home-owner.ts'

/** The home at `root` as it is, or is not there. Throws `home_unusable` with the fix, before anything there is opened or changed. */
export function ownHome(root: string): Home {
  const home = homeAt(root)
  becomeOwner(root)
  const trouble = troubleWithOwner(home)
  if (trouble) throw new Failure('home_unusable', `${trouble.detail} ${trouble.fix}`)
  return home
}

/** The same, made where it is new: directories 0700. */
export function openHome(root: string): Home {
  const home = ownHome(root)
  try {
    for (const dir of [root, home.runDir]) makePrivate(dir)
    const preferences = dirname(home.configFile)
    if (isOurs(preferences)) makePrivate(preferences)
  } catch (cause) {
    const why = reasonOf(cause)
    throw new Failure('home_unusable', `Cannot use the home ${root}: ${why}. Choose another with --home.`, {
      cause,
    })
  }
  return home
}

/** The folder of the configuration may be a link, or root's. */
function isOurs(dir: string): boolean {
  const found = lstatSync(dir, { throwIfNoEntry: false })
  return !found || (found.isDirectory() && found.uid === (process.geteuid?.() ?? found.uid))
}

/** Makes a directory, or takes other users' access to it away. */
function makePrivate(dir: string): void {
  if (mkdirSync(dir, { recursive: true, mode: 0o700 }) !== undefined) chmodSync(dir, 0o700)
  if (process.platform !== 'win32' && (statSync(dir).mode & 0o077) !== 0) chmodSync(dir, 0o700)
}
