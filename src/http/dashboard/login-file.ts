import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { Type } from '@sinclair/typebox'
import { Check } from '@sinclair/typebox/value'
import type { Home } from '../../domain/home.ts'
import type { LoginFile } from './logins.ts'

/**
 * The dashboard's logins beside the sockets, not in the database: a copy of the database must not let anybody in again.
 * They hold under the admin token they were opened under, and end when it is replaced.
 */
export function openLoginFile(home: Pick<Home, 'runDir'>, adminToken: () => string): LoginFile {
  const path = `${home.runDir}/logins.json`
  const under = () => loginsUnder(adminToken())
  return {
    under,
    load: () => {
      const saved = readJson(path)
      return Check(File, saved) && saved.under === under() ? saved.logins : []
    },
    save: (logins) => {
      try {
        writeFileSync(`${path}.new`, JSON.stringify({ under: under(), logins }), { mode: 0o600 })
        renameSync(`${path}.new`, path)
      } catch {
        // The disk is full, or worse: the store reports that.
      }
    },
  }
}

/** What logins hold under, while that is the admin token. */
export const loginsUnder = (adminToken: string): string =>
  createHash('sha256').update(`logins of ${adminToken}`).digest('base64url')

const File = Type.Object({
  under: Type.String(),
  logins: Type.Array(
    Type.Object({
      ...{ digest: Type.String(), csrf: Type.String(), expiresAt: Type.Number() },
      since: Type.Optional(Type.Number()),
      seen: Type.Optional(Type.Object({ at: Type.Number(), from: Type.String(), browser: Type.String() })),
    }),
  ),
})

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
