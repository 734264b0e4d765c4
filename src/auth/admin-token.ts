import { existsSync, statSync } from 'node:fs'
import { randomBytes } from '../domain/chance.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import { adminTokenVariable } from '../domain/key-variables.ts'
import { whyGuessable } from './guessable.ts'
import { createFile, makePrivateDir, readPrivate, secretBytes } from './key-files.ts'

/** The admin token of this home, made when there is none: 43 characters, base64url. Throws `key_unusable`. */
export function openAdminToken(dir: string): string {
  makePrivateDir(dir)
  createFile(dir, 'admin.token', `${randomBytes(32).toString('base64url')}\n`)
  return tokenIn(`${dir}/admin.token`)
}

/** The admin token of the environment; undefined where it has none, or an empty one. Throws `key_unusable`. */
export function givenAdminToken(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const token = env[adminTokenVariable]?.trim()
  return token ? checked(adminTokenVariable, token, 'postern secret prints one.') : undefined
}

const tokenIn = (path: string): string =>
  checked(path, readPrivate(path).trim(), 'Put it back, or delete it to get a new one.')

function checked(place: string, token: string, advice: string): string {
  secretBytes(place, token, advice)
  if (whyGuessable(token) === undefined) return token
  throw new Failure(
    'key_unusable',
    `${place} can be guessed. ${advice.replace('Put it back, or delete', 'Delete')}`,
  )
}

/**
 * The admin token as the file has it now: a new one counts from the next request on. While the file is gone, or holds no
 * token, the one before goes on; of the latter `unusable` is told.
 */
export function followAdminToken(dir: string, unusable: (why: string) => void): () => string {
  let token = openAdminToken(dir)
  const path = `${dir}/admin.token`
  let seen = looksOf(path)
  return () => {
    const looks = looksOf(path)
    if (looks !== seen) token = tokenOr(path, token, unusable)
    seen = looks
    return token
  }
}

function tokenOr(path: string, before: string, unusable: (why: string) => void): string {
  try {
    return tokenIn(path)
  } catch (thrown) {
    if (existsSync(path)) unusable(reasonOf(thrown))
    return before
  }
}

function looksOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true })
  return found ? `${found.ino} ${found.size} ${found.mtimeNs}` : ''
}
