import type { Door, DoorFacts, SharedStore, StoreServer } from '../domain/door.ts'
import { Failure } from '../domain/error.ts'
import type { HostName } from '../domain/host.ts'
import type { Seen, StoredLogin } from '../domain/login.ts'
import type { SqlRow } from '../platform/platform.ts'
import type { ReadContext, StoreContext } from './context.ts'
import { databaseAhead, databaseNow } from './postgres/clock.ts'
import { forgetWriters } from './postgres/notify.ts'
import { settingNames } from './postgres/settings.ts'
import { number, orUndefined, text } from './rows.ts'

// What only a store on a server has: its tables are PostgreSQL's (postgres/migrations/0003_doors.sql).

type SharedReads = Pick<SharedStore, 'listDoors' | 'storeServer' | 'listLogins' | 'findNote'>

export const sharedReads = (context: ReadContext): SharedReads =>
  context.engine === 'sqlite'
    ? alone
    : {
        listDoors: () => context.read(() => listDoors(context)),
        storeServer: () => context.read(() => storeServer(context)),
        listLogins: (under, now) => context.read(() => listLogins(context, under, now)),
        findNote: (digest, name) => context.read(() => noteIn(context.sql(noteOf).get(digest, name))),
      }

export const sharedWrites = (context: StoreContext): Omit<SharedStore, keyof SharedReads> =>
  context.engine === 'sqlite'
    ? alone
    : {
        rememberDoor: (name, facts) => context.write(() => rememberDoor(context, name, facts)),
        addLogin: (under, login, now) => context.write(() => addLogin(context, under, login, now)),
        noteLogin: (digest, seen) =>
          context.write(() => void context.sql(seenBy).run(JSON.stringify(seen), digest)),
        endLogins: (digests) => context.write(() => void context.sql(ended).run(JSON.stringify(digests))),
        addLink: (under, digest, expiresAt) =>
          context.write(() => void context.sql(newLink).run(digest, under, expiresAt)),
        takeLink: (under, digest, now) =>
          context.write(() => context.sql(takenLink).get(digest, under, now) !== undefined),
        leaveNote: (digest, name, note) =>
          context.write(() => void context.sql(newNote).run(name, note, digest)),
        takeNote: (digest, name) => context.write(() => noteIn(context.sql(takenNote).get(digest, name))),
      }

const loginless = () =>
  Promise.reject(new Failure('unsupported', 'Logins are kept in a store only where that is on a server.'))

const alone: SharedStore = {
  rememberDoor: async () => undefined,
  listDoors: async () => [],
  storeServer: async () => undefined,
  ...{ listLogins: loginless, addLogin: loginless, noteLogin: loginless, endLogins: loginless },
  ...{ addLink: loginless, takeLink: loginless },
  ...{ leaveNote: loginless, findNote: loginless, takeNote: loginless },
}

/** Who had logged out since that state of the database was copied is not let in again. */
export function forgetLogins({ engine, sql }: StoreContext): void {
  if (engine === 'sqlite') return
  for (const table of ['logins', 'login_links']) sql(`DELETE FROM ${table}`).run()
}

/** Milliseconds. */
const forgottenMs = 30 * 86_400_000

function rememberDoor({ sql }: StoreContext, name: HostName, facts: DoorFacts): void {
  sql(`INSERT INTO door_facts (door, facts, at) VALUES (?, ?, ${databaseNow})
    ON CONFLICT (door) DO UPDATE SET facts = excluded.facts, at = excluded.at`).run(
    name,
    JSON.stringify(facts),
  )
  sql(`DELETE FROM door_facts WHERE at < ${databaseNow} - ?`).run(forgottenMs)
  sql(forgetWriters).run()
}

const listDoors = ({ sql }: ReadContext): readonly Door[] =>
  sql('SELECT door, facts, at FROM door_facts ORDER BY door')
    .all()
    .map(({ door, facts, at }) => ({
      name: text(door) as HostName,
      facts: JSON.parse(text(facts)) as DoorFacts,
      at: number(at),
    }))

function storeServer({ sql }: ReadContext): StoreServer {
  const aheadMs = databaseAhead(sql, Date.now)
  const row = sql(aboutServer).get()
  return {
    version: text(row?.version),
    settings: Object.fromEntries(settingNames.map((name) => [name, text(row?.[name])])),
    isRemote: row?.remote === 1,
    isEncrypted: row?.encrypted === 1,
    bytes: number(row?.bytes),
    aheadMs,
  }
}

const aboutServer = `SELECT current_setting('server_version') AS version,
    ${settingNames.map((name) => `current_setting('${name}') AS ${name}`).join(', ')},
    COALESCE(inet_server_addr() <> inet_client_addr(), false) AS remote,
    COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
    (SELECT COALESCE(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c
      WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace)::bigint AS bytes`

const listLogins = ({ sql }: ReadContext, under: string, now: number): readonly StoredLogin[] =>
  sql('SELECT digest, csrf, since, expires_at, seen FROM logins WHERE under = ? AND expires_at > ?')
    .all(under, now)
    .map(loginOf)

function loginOf(row: SqlRow): StoredLogin {
  const seen = orUndefined(row.seen, (value) => JSON.parse(text(value)) as Seen)
  return {
    ...{ digest: text(row.digest), csrf: text(row.csrf) },
    ...{ since: number(row.since), expiresAt: number(row.expires_at) },
    ...(seen && { seen }),
  }
}

function addLogin({ sql }: StoreContext, under: string, login: StoredLogin, now: number): void {
  sql('DELETE FROM logins WHERE expires_at <= ?').run(now)
  sql('DELETE FROM login_links WHERE expires_at <= ?').run(now)
  const { digest, csrf, since = now, expiresAt } = login
  sql('INSERT INTO logins (digest, under, csrf, since, expires_at) VALUES (?, ?, ?, ?, ?)').run(
    ...[digest, under, csrf, since, expiresAt],
  )
}

const seenBy = 'UPDATE logins SET seen = ? WHERE digest = ?'
const ended = 'DELETE FROM logins WHERE digest IN (SELECT value FROM json_each(?))'
const newLink = 'INSERT INTO login_links (digest, under, expires_at) VALUES (?, ?, ?)'
const takenLink = 'DELETE FROM login_links WHERE digest = ? AND under = ? AND expires_at > ? RETURNING digest'
const newNote = `INSERT INTO login_notes (login, name, note) SELECT digest, ?, ? FROM logins WHERE digest = ?
  ON CONFLICT (login, name) DO UPDATE SET note = excluded.note`
const noteOf = 'SELECT note FROM login_notes WHERE login = ? AND name = ?'
const takenNote = 'DELETE FROM login_notes WHERE login = ? AND name = ? RETURNING note'

const noteIn = (row: SqlRow | undefined): string | undefined => orUndefined(row?.note, text)
