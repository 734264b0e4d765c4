import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Home } from '../../domain/home.ts'
import type { LoginFile, StoredLogin } from './logins.ts'

/**
 * The dashboard's logins beside the sockets, not in the database: a copy of that one must not let anybody in again.
 * They hold under the admin token they were opened under, and end when it is replaced.
 */
export function openLoginFile(home: Pick<Home, 'runDir'>, adminToken: string): LoginFile {
  const path = `${home.runDir}/logins.json`
  const under = createHash('sha256').update(`logins of ${adminToken}`).digest('base64url')
  return {
    load: () => {
      const saved = readJson(path)
      return saved?.under === under && Array.isArray(saved.logins) ? saved.logins.filter(isLogin) : []
    },
    save: (logins) => {
      try {
        writeFileSync(`${path}.new`, JSON.stringify({ under, logins }), { mode: 0o600 })
        renameSync(`${path}.new`, path)
      } catch {
        // The disk is full, or worse: the store reports that.
      }
    },
  }
}

function readJson(path: string): { readonly [name: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

const isLogin = (value: unknown): value is StoredLogin =>
  typeof value === 'object' &&
  value !== null &&
  'digest' in value &&
  typeof value.digest === 'string' &&
  'csrf' in value &&
  typeof value.csrf === 'string' &&
  'expiresAt' in value &&
  typeof value.expiresAt === 'number'
