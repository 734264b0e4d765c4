import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { Failure, reasonOf } from '../domain/error.ts'
import type { Grant, GrantId } from '../domain/grant.ts'
import type { HomeMark } from '../domain/home-state.ts'
import type { Host } from '../domain/host.ts'
import { settle } from '../domain/settle.ts'
import { copyMadeAt } from './backup.ts'
import { releaseAll } from './claims.ts'
import type { Sql } from './connection.ts'
import type { ReadContext, StoreContext } from './context.ts'
import { beginEra, rememberKeys, setTally, takePlace } from './mark.ts'
import { deliveryColumns, deliveryOf, number, orUndefined } from './rows.ts'
import { applySettlement } from './settle.ts'
import { forgetLogins } from './shared.ts'

// A database can be put back as it was before a grant was revoked or rotated. So both are also noted in a file beside the
// signing keys, a line each: the id, and for a rotation also the new serial and until when the token before it opens. Of a host it
// is the hash of the token that opens nothing any more: where an older database holds that, the host is revoked. Whoever has the keys that the URL needs has this file, too. Its first line is where and since when it lies on the disk: a copy of
// it, put back with the keys, does not, and may lack what was noted since.

/** The database that is told how much of the file it has taken in. */
type Place = Pick<ReadContext, 'engine' | 'sql'>

/** Notes a revocation; throws as `note` does. */
export const noteRevoked = (place: Place, file: string, id: GrantId): void => note(place, file, id)

/** Notes that the token of that hash opens nothing any more; throws as `note` does. */
export const noteHostToken = (place: Place, file: string, { tokenHash }: Host): void =>
  note(place, file, tokenHash)

/** Notes that a grant has that serial from now on, and until when (Unix milliseconds) the token before it opens; throws as `note` does. */
export const noteRotated = (
  place: Place,
  file: string,
  { id, serial, previousUntil }: Pick<Grant, 'id'> & Required<Pick<Grant, 'serial' | 'previousUntil'>>,
): void => note(place, file, `${id} ${serial} ${previousUntil}`)

/**
 * Adds a line to the file before the database has it: the file must never know less. A file that is not this home's own
 * is not trusted anyway: where such a file cannot be written, the change holds all the same. Throws `store_unavailable`.
 */
function note(place: Place, file: string, line: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    noteBytesTaken(place, file, append(file, `${line}\n`))
  } catch (cause) {
    if (!isOwn(file)) return
    throw new Failure('store_unavailable', `Cannot write ${file}: ${reasonOf(cause)}.`, { cause })
  }
}

/** Whether the file was begun at its place on this disk, so that it holds every revocation since. */
export function isOwn(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false })
  return found?.isFile() === true && readFileSync(file, 'utf8').startsWith(placeOf(file))
}

/** Makes the file this home's own and keeps its lines; one that cannot be written stays untrusted. */
export function ownRevocations(place: Place, file: string): void {
  if (isOwn(file)) return
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    rewrite(file, linesIn(file))
    noteBytesTaken(place, file, sizeOf(file))
  } catch {
    // The file stays untrusted: grants of a backup are then revoked unless the operator vouches for them.
  }
}

function rewrite(file: string, lines: readonly string[]): void {
  const fresh = `${file}.new`
  rmSync(fresh, { force: true })
  append(fresh, '')
  append(fresh, [placeOf(fresh), ...lines.map((line) => `${line}\n`)].join(''))
  renameSync(fresh, file)
}

/** The line that tells a file from every other: its place on the disk, and when that was taken, Unix milliseconds. */
function placeOf(file: string): string {
  const { ino, birthtimeNs } = statSync(file, { bigint: true })
  return `# ${ino} ${birthtimeNs / 1_000_000n}\n`
}

const linesIn = (file: string): readonly string[] =>
  sizeOf(file) === 0
    ? []
    : readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => /^[0-9a-f]+( \d+ \d+)?$/.test(line))

const idsIn = (file: string): readonly string[] => linesIn(file).filter((line) => !line.includes(' '))

const rotationsIn = (file: string) =>
  linesIn(file)
    .filter((line) => line.includes(' '))
    .map((line) => {
      const [id = '', serial, until] = line.split(' ')
      return { id, serial: Number(serial), until: Number(until) }
    })

function append(file: string, line: string): number {
  const opened = openSync(file, 'a', 0o600)
  try {
    writeSync(opened, line)
    fsyncSync(opened)
    return fstatSync(opened).size
  } finally {
    closeSync(opened)
  }
}

/** The database has taken in that much of the file. */
const noteBytesTaken = (place: Place, file: string, bytes: number): void => {
  place.sql(setTally).run('revoked', bytesOf(place, file), bytes)
}

/** A database of a server takes in the files of several homes, each called by its first line. */
const bytesOf = ({ engine }: Place, file: string): string =>
  engine === 'sqlite' ? 'bytes' : `bytes ${firstLineOf(file)}`

const firstLineOf = (file: string): string =>
  sizeOf(file) === 0 ? '' : (/^# \d+ \d+/.exec(readFileSync(file, 'utf8'))?.[0] ?? '')

/** Whether the file holds more, or other, than the database has taken in: then it is an older database. */
const knowsLess = (place: Place, file: string): boolean =>
  number(
    place.sql(`SELECT n FROM tallies WHERE kind = 'revoked' AND name = ?`).get(bytesOf(place, file))?.n ?? 0,
  ) !== sizeOf(file)

/** Revokes and rotates what the file names and the database has forgotten. */
function applyForgotten(place: Place, file: string, now: number): void {
  const { sql } = place
  const named = JSON.stringify(idsIn(file))
  sql(
    'UPDATE grants SET revoked_at = ? WHERE revoked_at IS NULL AND id IN (SELECT value FROM json_each(?))',
  ).run(now, named)
  sql(
    'UPDATE hosts SET revoked_at = ? WHERE revoked_at IS NULL AND token_hash IN (SELECT value FROM json_each(?))',
  ).run(now, named)
  const rotate = sql('UPDATE grants SET serial = ?, previous_until = ? WHERE id = ? AND serial < ?')
  for (const { id, serial, until } of rotationsIn(file)) rotate.run(serial, until, id, serial)
  noteBytesTaken(place, file, sizeOf(file))
}

const revokeAll = (sql: Sql, now: number): void => {
  for (const table of ['grants', 'hosts'])
    sql(`UPDATE ${table} SET revoked_at = ? WHERE revoked_at IS NULL`).run(now)
}

function sizeOf(file: string): number {
  const found = statSync(file, { throwIfNoEntry: false })
  return found?.isFile() === true ? found.size : 0
}

/** Whether this database is a copy, or older than the last revocation or rotation. */
export const isFromThePast = (context: StoreContext): boolean =>
  copyMadeAt(context.sql) !== undefined ||
  (context.revokedFile !== undefined && knowsLess(context, context.revokedFile))

/** Of a database that a server's own tools have put back: nothing tells when it was as it is now but its clock. */
export const markAsPutBack = ({ sql, now }: StoreContext): void => {
  const seen = sql('SELECT seen FROM steady_time').get()?.seen
  sql(setTally).run('copy', 'madeAt', orUndefined(seen, number) ?? now())
}

/**
 * A copy becomes the database. What was unfinished in it may have been delivered since it was made, so it is FAILED until
 * an operator retries it. What was revoked or rotated since stays so; where the file cannot tell, every grant is revoked.
 */
export function adoptCopy(context: StoreContext, noted: HomeMark | undefined): void {
  const { sql, revokedFile } = context
  const now = context.now()
  const madeAt = copyMadeAt(sql)
  if (revokedFile !== undefined) {
    if (madeAt !== undefined && !isOwn(revokedFile)) revokeAll(sql, now)
    applyForgotten(context, revokedFile, now)
  }
  if (madeAt !== undefined) {
    failUnfinished(context, madeAt)
    forgetLogins(context)
    if (context.engine === 'postgres') beginEra(sql, noted)
    else takePlace(sql, noted)
    // The keys may have been rotated since.
    rememberKeys(sql, [])
  }
  sql(`DELETE FROM tallies WHERE kind = 'copy'`).run()
}

function failUnfinished(context: StoreContext, madeAt: number): void {
  const now = context.time.now()
  releaseAll(context, now)
  context
    .sql(`UPDATE notices SET state = 'FAILED', settled_at = ?, detail = ? WHERE state = 'PENDING'`)
    .run(now, 'it waited in a backup')
  const why = `unfinished in the backup of ${new Date(madeAt).toISOString()}; retry it unless it has arrived since`
  const waiting = context
    .sql(`SELECT ${deliveryColumns} FROM deliveries WHERE state IN ('PENDING', 'RETRY') ORDER BY seq`)
    .all()
    .map(deliveryOf)
  for (const delivery of waiting)
    applySettlement(context, delivery, settle(delivery, { kind: 'restored', why }, now, 0), now)
}
