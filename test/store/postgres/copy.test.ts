import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { DeliveryId } from '../../../src/domain/delivery.ts'
import type { Failure } from '../../../src/domain/error.ts'
import { doorMark, isDoor, parseHostName } from '../../../src/domain/host.ts'
import type { SessionId } from '../../../src/domain/session.ts'
import type { Database, SqlValue } from '../../../src/platform/platform.ts'
import { copyStore, isSame } from '../../../src/store/postgres/copy.ts'
import { openDatabase } from '../../../src/store/postgres/database.ts'
import { openStore, type SqliteStore } from '../../../src/store/sqlite.ts'
import { refuses } from '../../suites/store/harness.ts'
import { build, ci, draftOf, grantOf, inbox, keyed, noon, sessionCalled } from '../../support/drafts.ts'
import { currentPlatform } from '../../support/platform.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../../support/postgres.ts'
import { refusalOf } from '../../support/refusals.ts'
import { inScratch, openScratchStore } from '../../support/scratch-store.ts'

const entry = new URL('../../fixtures/store-thread.ts', import.meta.url).href
const skip = withoutPostgres()
let database: TestPostgres
before(async () => {
  if (!skip) database = await startPostgres()
})
after(() => database?.stop())

/** The name of the first that is free. */
const door = (taken: readonly string[]) => ({
  name: parseHostName(taken.includes('door') ? 'door-2' : 'door'),
  tokenHash: doorMark('here'),
})

/** A file of a store that `fill` has written to, and how it is copied. */
const withFile = (
  fill: (store: Awaited<ReturnType<typeof openScratchStore>>, tables: Database) => Promise<void>,
  act: (copy: (url: string) => ReturnType<typeof copyStore>, path: string) => Promise<void>,
): Promise<void> =>
  inScratch(async (dir) => {
    const [path, platform] = [join(dir, 'postern.db'), await currentPlatform()]
    const store = await openScratchStore(path)
    const tables = platform.openDatabase(path)
    await fill(store, tables)
    tables.close()
    await store.close()
    await act((url) => copyStore({ platform, path, to: { url, entry }, now: () => noon, door }), path)
  })

async function onCopy<T>(url: string, act: (store: SqliteStore) => Promise<T>, now = () => noon): Promise<T> {
  const platform = await currentPlatform()
  const store = await openStore({ platform, path: ':memory:', postgres: { url, entry }, role: 'server', now })
  try {
    return await act(store)
  } finally {
    await store.close()
  }
}

const odd = [
  'nothing\u0000 and more\u0000',
  'half a pair \ud83d and \udc00 the other',
  'the mark \u{f8fe} and \u{f8fe}0000 and \u{f8fe}\u{f8fe}',
  'quotes \' " \\ \\x00 {a,b} NULL',
  'NULL',
  '',
  '👩‍💻 שלום 你好 \u{10ffff}\r\n\t',
]
const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 256)

/** Rows in every table, with odd values wherever no key forbids them. */
function fillEveryTable(tables: Database): readonly string[] {
  const names = tables
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`)
    .all()
    .map(({ name }) => String(name))
  for (const name of names) {
    const columns = tables.prepare('SELECT name, type, pk FROM pragma_table_info(?)').all(name)
    const isSingle = ['home_mark', 'steady_time', 'probes'].includes(name)
    for (let row = 1; row <= (isSingle ? 1 : odd.length); row++) {
      const unique = columns.some(({ name: column }) => column === 'id')
      const values = columns.map(({ name: column, type, pk }): SqlValue => {
        if (type === 'BLOB') return row === 1 ? new Uint8Array() : bytes
        if (type === 'INTEGER')
          return pk ? row + 10 * (isSingle ? 0 : 1) - (isSingle ? 0 : 10) : 2 ** 53 - row
        return pk || (unique && /^(id|grant_id|once|request)$/.test(String(column)))
          ? `${name} ${row}`
          : (odd[row - 1] ?? '')
      })
      tables
        .prepare(
          `INSERT OR REPLACE INTO ${name} (${columns.map(({ name: column }) => column).join(', ')})
           VALUES (${columns.map(() => '?').join(', ')})`,
        )
        .run(...values)
    }
  }
  return names
}

describe('copyStore', { skip, timeout: 120_000 }, () => {
  it('brings every table, with what is odd in it, as it is', async () => {
    let names: readonly string[] = []
    await withFile(
      async (_, tables) => {
        names = fillEveryTable(tables)
      },
      async (copy) => {
        const url = database.newSchema()
        const copied = await copy(url)
        assert.deepEqual(copied.map(({ name }) => name).toSorted(), names.toSorted())
        for (const table of copied) {
          assert.ok(isSame(table), table.name)
          assert.ok(table.from.rows > 0, `${table.name} is empty`)
        }
        const rows = database.query(url, 'SELECT count(*) FROM deliveries')
        assert.equal(rows, String(odd.length))
      },
    )
  })

  it('lets a server go on with what was stored: queues, keys, numbers, grants', async () => {
    const grant = { kind: 'grant', grant: ci } as const
    let [first, held]: DeliveryId[] = []
    await withFile(
      async (store) => {
        await store.addGrant(grantOf())
        first = (await store.recordDelivery(keyed('once', { payload: bytes }))).delivery.id
        held = (await store.recordDelivery(draftOf({ source: grant, message: 'second' }))).delivery.id
        await store.recordRefusals([refusalOf()], [])
      },
      async (copy, path) => {
        const url = database.newSchema()
        await copy(url)
        await onCopy(url, async (store) => {
          const again = await store.recordDelivery(keyed('once', { payload: bytes }))
          assert.deepEqual([again.delivery.id, again.replayed], [first, true])
          const { delivery } = await store.recordDelivery(draftOf({ source: grant, message: 'third' }))
          assert.equal(delivery.seq, 3)
          const claim = { now: noon + 1, leaseMs: 1000, limit: 9, except: [] }
          assert.deepEqual(
            (await store.claimDue(claim)).map(({ id }) => id),
            [first],
          )
          assert.equal((held && (await store.inspectDelivery(held)))?.message, 'second')
          assert.deepEqual((first && (await store.inspectDelivery(first)))?.payload, bytes)
          await store.recordRefusals([refusalOf()], [])
          assert.equal((await store.listRefusals({ limit: 9 })).length, 2)
          assert.equal((await store.findGrant(ci))?.uses, 2)
        })
        // The file stays as it is.
        const file = await openScratchStore(path)
        assert.equal((await file.listDeliveries({ session: inbox, limit: 9 })).length, 2)
        await file.close()
      },
    )
  })

  it('leaves agents to the door of this home, whatever other hosts there are', async () => {
    await withFile(
      async (store) => {
        await store.addHost(parseHostName('door'), '1a', noon)
        await store.openSession(sessionCalled(build), { replace: false })
        await store.openSession(sessionCalled('far' as SessionId, { host: parseHostName('door') }), {
          replace: false,
        })
      },
      async (copy) => {
        const url = database.newSchema()
        assert.ok((await copy(url)).every(isSame))
        await onCopy(url, async (store) => {
          const hosts = (await store.listSessions()).map(({ id, host }) => [id, host])
          assert.deepEqual(Object.fromEntries(hosts), {
            ...{ build: 'door-2', far: 'door' },
            ...{ default: undefined, 'webhook-agent': undefined },
          })
          const [own] = (await store.listHosts()).filter(isDoor)
          assert.deepEqual([own?.name, own?.createdAt], ['door-2', noon])
        })
      },
    )
  })

  it('goes page by page, whatever rows are like', async () => {
    const count = 1203
    await withFile(
      async (store) => {
        for (let i = 0; i < count; i += 100)
          await Promise.all(
            Array.from({ length: Math.min(100, count - i) }, (_, j) =>
              store.recordDelivery(
                draftOf({ payload: new Uint8Array(j === 50 ? 5_000_000 : j * 10).fill(j) }),
              ),
            ),
          )
      },
      async (copy) => {
        const copied = await copy(database.newSchema())
        assert.ok(copied.every(isSame))
        assert.equal(copied.find(({ name }) => name === 'deliveries')?.to.rows, count)
      },
    )
  })

  it('refuses what is not empty, and says what is there', async () => {
    await withFile(
      async (store) => void (await store.addGrant(grantOf())),
      async (copy) => {
        const [used, other] = [database.newSchema(), database.newSchema()]
        await onCopy(used, (store) => store.recordDelivery(draftOf()))
        database.query(other, 'CREATE TABLE letters (a int); CREATE VIEW post AS SELECT * FROM letters')
        for (const [url, why] of [
          [used, /something in postgres:.* already: a store of Postern with 1 message\./],
          [other, /already: letters, post\. Name a database/],
        ] as const) {
          const failure = await copy(url).catch((thrown: Failure) => thrown)
          assert.ok(failure instanceof Error)
          assert.deepEqual(
            [(failure as Failure).code, why.test(failure.message)],
            ['usage', true],
            failure.message,
          )
        }
        assert.equal(
          database.query(other, `SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()`),
          '1',
        )
        await refuses('home_unusable', copy(`${database.url}?search_path=nowhere`))
      },
    )
  })

  it('refuses a database whose place somebody has', async () => {
    await withFile(
      async () => undefined,
      async (copy) => {
        const url = database.newSchema()
        const holder = openDatabase({ url, entry })
        holder.ask('SELECT pg_advisory_lock(1349743215, hashtext(current_schema()))')
        await refuses('already_running', copy(url))
        holder.close()
        assert.ok((await copy(url)).every(isSame))
      },
    )
  })

  it('keeps nothing where what is read back differs, and tells where', async () => {
    await withFile(
      async (store) => void (await store.recordDelivery(draftOf())),
      async (copy) => {
        const url = database.newSchema()
        const schema = new URL(url).searchParams.get('search_path')
        // Somebody meddles with what is written, as no database should.
        database.query(
          database.url,
          `CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.message := 'other'; RETURN NEW; END $$;
           CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
             IF EXISTS (SELECT 1 FROM pg_event_trigger_ddl_commands() WHERE object_identity = '${schema}.deliveries') THEN
               CREATE TRIGGER meddling BEFORE INSERT ON ${schema}.deliveries FOR EACH ROW EXECUTE FUNCTION public.meddle();
             END IF; END $$;
           CREATE EVENT TRIGGER watching ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION watch()`,
        )
        const copied = await copy(url)
        database.query(database.url, 'DROP EVENT TRIGGER watching')
        assert.deepEqual(
          copied.filter((table) => !isSame(table)).map(({ name, from, to }) => [name, from.rows, to.rows]),
          [['deliveries', 1, 1]],
        )
        assert.equal(
          database.query(url, `SELECT count(*) FROM pg_tables WHERE schemaname = '${schema}'`),
          '0',
        )
        assert.ok((await copy(url)).every(isSame))
      },
    )
  })
})
