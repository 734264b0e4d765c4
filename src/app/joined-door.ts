import { existsSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { makePrivateDir, readPrivate, replaceFile } from '../auth/key-files.ts'
import { Failure } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import { requireDoorUrl } from '../link/door-url.ts'

/** The door that a home has joined, and as whom. */
export interface JoinedDoor {
  readonly url: string
  readonly token: string
  /** PEM text of certificates that the door's own is trusted by, where the system's do not. */
  readonly ca?: string
}

/** Undefined for a home that is a door itself. Throws `key_unusable` and `config_invalid` for a file that does not say. */
export const joinedDoor = ({ doorFile }: Pick<Home, 'doorFile'>): JoinedDoor | undefined =>
  existsSync(doorFile) ? parse(doorFile, readPrivate(doorFile)) : undefined

export function rememberDoor({ keysDir, doorFile }: Home, door: JoinedDoor): void {
  makePrivateDir(keysDir)
  replaceFile(keysDir, basename(doorFile), `${JSON.stringify(door)}\n`)
}

export const forgetDoor = ({ doorFile }: Pick<Home, 'doorFile'>): void => rmSync(doorFile, { force: true })

/** What only a door can do. */
export const atTheDoor = ({ url }: Pick<JoinedDoor, 'url'>): Failure =>
  new Failure('unsupported', `This home has joined the door at ${url}: do that there.`)

function parse(path: string, text: string): JoinedDoor {
  try {
    const { url, token, ca } = JSON.parse(text) as { readonly [key: string]: unknown }
    if (typeof url === 'string' && typeof token === 'string')
      return { url: requireDoorUrl(url), token, ...(typeof ca === 'string' && { ca }) }
  } catch {
    // Told below.
  }
  throw new Failure(
    'config_invalid',
    `${path} does not name a door. Join it anew: postern join <url> --token-file F`,
  )
}
