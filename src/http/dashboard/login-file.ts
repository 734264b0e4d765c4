import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Home } from '../../domain/home.ts'
import type { LoginShelf, ShelvedLogin } from './logins.ts'

/**
 * The dashboard's logins beside the sockets, not in the database: a copy of that one must not let anybody in again.
 * They hold under the admin token they were opened under, and end when it is replaced.
 */
export function openLoginShelf(home: Pick<Home, 'runDir'>, adminToken: string): LoginShelf {
  const path = `${home.runDir}/logins.json`
  const under = createHash('sha256').update(`logins of ${adminToken}`).digest('base64url')
  return {
    load: () => {
      const said = readJson(path)
      return said?.under === under && Array.isArray(said.logins) ? said.logins.filter(isLogin) : []
    },
    save: (logins) => {
      try {
        writeFileSync(`${path}.new`, JSON.stringify({ under, logins }), { mode: 0o600 })
        renameSync(`${path}.new`, path)
      } catch {
        // The disk is full, or worse: the store will say so.
      }
    },
  }
}

function readJson(path: string): { readonly [name: string]: unknown } | undefined {
  try {
    const said: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return typeof said === 'object' && said !== null ? { ...said } : undefined
  } catch {
    return undefined
  }
}

const isLogin = (value: unknown): value is ShelvedLogin =>
  typeof value === 'object' &&
  value !== null &&
  'digest' in value &&
  typeof value.digest === 'string' &&
  'csrf' in value &&
  typeof value.csrf === 'string' &&
  'expiresAt' in value &&
  typeof value.expiresAt === 'number'
