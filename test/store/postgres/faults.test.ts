import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setEnvironmentData } from 'node:worker_threads'
import type { Store } from '../../../src/domain/ports.ts'
import { openPostgres } from '../../../src/store/postgres/connection.ts'
import { openThreadedStore } from '../../../src/store/threads/store.ts'
import { refuses } from '../../suites/store/harness.ts'
import { build, ci, draftOf, keyed, noon, sessionCalled } from '../../support/drafts.ts'
import { freePort } from '../../support/free-port.ts'
import { assertServedWithoutHosts, rowsBeforeHosts } from '../../support/old-database.ts'
import { currentPlatform } from '../../support/platform.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../../support/postgres.ts'
import { inScratch, openScratchStore } from '../../support/scratch-store.ts'
import { startProxy } from '../../support/tcp-proxy.ts'

const entry = new URL('../../fixtures/store-thread.ts', import.meta.url)
const clock = new SharedArrayBuffer(8)
new Float64Array(clock)[0] = noon
setEnvironmentData('clock', clock as never)

const skip = withoutPostgres()
let server: TestPostgres
before(async () => {
  if (!skip) server = await startPostgres()
})
after(() => server?.stop())

/** As a server opens it: the thread that writes waits for the database, this one does not. */
async function withStore(address: string, act: (store: Store) => Promise<void>): Promise<void> {
  const store = await openThreadedStore({
    ...{ platform: await currentPlatform(), path: ':memory:', entry, now: () => noon },
    // A busy machine is not to look like a lost database here.
    postgres: { url: address, entry: entry.href, goneAfterMs: 20_000 },
    onDeath: (why) => {
      throw new Error(why)
    },
  })
  try {
    await act(store)
  } finally {
    await store.close()
  }
}

const record = (store: Store, message: string) => store.recordDelivery(draftOf({ message }))

const stored = async (store: Store) =>
  (await store.listDeliveries({ limit: 100 })).map(({ message }) => message).toSorted()

describe('a store in PostgreSQL', { skip, timeout: 120_000 }, () => {
  it('stores what was committed although the answer was lost, once', async () => {
    const address = server.newSchema()
    const proxy = await startProxy(address)
    await withStore(proxy.address, async (store) => {
      await record(store, 'before')
      proxy.loseAnswerTo('COMMIT\u0000', 'COMMIT\u0000')
      const { delivery } = await record(store, 'lost')
      await record(store, 'after')
      assert.equal((await store.findDelivery(delivery.id))?.message, 'lost')
      assert.deepEqual(await stored(store), ['after', 'before', 'lost'])
    })
    assert.equal(proxy.lost(), 1)
    await proxy.close()
  })

  it('refuses what was committed where the database is gone before it can be asked, and knows the repeat by its key', async () => {
    const address = server.newSchema()
    const proxy = await startProxy(address)
    const once = keyed('k1', { session: build })
    await withStore(proxy.address, async (store) => {
      await store.openSession(sessionCalled(build), { replace: false })
      proxy.loseAnswerTo('COMMIT\u0000', 'COMMIT\u0000')
      const refused = refuses('store_unavailable', store.recordDelivery(once))
      while (proxy.lost() === 0) await new Promise((resolve) => setImmediate(resolve))
      await proxy.close()
      await refused
    })
    assert.equal(server.query(address, 'SELECT count(*) FROM deliveries'), '1')
    await withStore(address, async (store) => assert.ok((await store.recordDelivery(once)).replayed))
  })

  it('refuses what was not committed when the connection went, and keeps nothing of it', async () => {
    const address = server.newSchema()
    const proxy = await startProxy(address)
    await withStore(proxy.address, async (store) => {
      proxy.cutBefore('COMMIT\u0000')
      await refuses('store_unavailable', record(store, 'cut'))
      await record(store, 'after')
      assert.deepEqual(await stored(store), ['after'])
    })
    await proxy.close()
  })

  it('does not take for committed what a crash lost, although others were given its number since', async () => {
    const address = server.newSchema()
    const connection = openPostgres({ url: address, entry: entry.href, makes: true })
    connection.exec('BEGIN IMMEDIATE')
    connection.sql('INSERT INTO probes (id, at) VALUES (1, ?)').run(noon)
    await server.crash()
    await server.start()
    for (const name of ['one', 'two', 'three'])
      server.query(address, `INSERT INTO tallies (kind, name, n) VALUES ('other', '${name}', 1)`)
    assert.throws(() => connection.exec('COMMIT'), /was lost with its connection/)
    assert.equal(server.query(address, 'SELECT count(*) FROM probes'), '0')
    connection.close()
  })

  it('keeps what comes together with a message that cannot be stored', async () => {
    const address = server.newSchema()
    await withStore(address, async (store) => {
      server.query(address, "ALTER TABLE deliveries ADD CHECK (message <> 'bad')")
      const messages = ['one', 'bad', 'two', 'bad', 'three']
      const ended = await Promise.allSettled([
        store.probe(),
        ...messages.map((message) => record(store, message)),
      ])
      assert.deepEqual(
        ended.map((end) => (end.status === 'rejected' ? end.reason.code : end.status)),
        ['fulfilled', 'fulfilled', 'internal', 'fulfilled', 'internal', 'fulfilled'],
      )
      assert.deepEqual(await stored(store), ['one', 'three', 'two'])
      assert.equal((await store.counts()).deliveries.PENDING, 3)
    })
  })

  it('stores texts and bytes as they came, many in one statement', async () => {
    await withStore(server.newSchema(), async (store) => {
      const messages = [
        '"',
        '\\',
        '{NULL,"a"}',
        'NULL',
        ',',
        '\n',
        '\u0000\\x00',
        '\u{d83d}',
        '',
        '}',
      ].toSorted()
      const payload = new Uint8Array([0, 255, 92, 34, 123])
      const all = await Promise.all(
        messages.map((message, i) =>
          store.recordDelivery(draftOf({ message, ...(i % 2 === 0 && { payload }) })),
        ),
      )
      assert.deepEqual(await stored(store), messages)
      const inspected = await Promise.all(all.map(({ delivery }) => store.inspectDelivery(delivery.id)))
      for (const [i, record] of inspected.entries())
        assert.deepEqual(record?.payload && [...record.payload], i % 2 === 0 ? [...payload] : undefined)
    })
  })

  it('refuses at once while the database is gone, and goes on when it is back', async () => {
    const address = server.newSchema()
    await withStore(address, async (store) => {
      await record(store, 'before')
      await server.crash()
      for (let i = 0; i < 3; i++) await refuses('store_unavailable', record(store, `gone ${i}`))
      await refuses('store_unavailable', store.probe())
      await refuses('store_unavailable', store.findSession(build))
      await server.start()
      await until(() => record(store, 'back'))
      assert.deepEqual(
        (await stored(store)).filter((message) => !message.startsWith('back')),
        ['before'],
      )
    })
  })

  it('is served by several at a time, which see at once what each of them stores', async () => {
    const address = server.newSchema()
    await withStore(address, async (one) => {
      await withStore(address, async (other) => {
        const knocks = (store: typeof one, who: string) =>
          Promise.all(Array.from({ length: 50 }, (_, i) => record(store, `${who} ${i}`)))
        await Promise.all([knocks(one, 'one'), knocks(other, 'other')])
        for (const store of [one, other]) assert.equal(new Set(await stored(store)).size, 100)
      })
    })
  })

  it('is not opened where an acknowledged message could be lost', async () => {
    const address = server.newSchema()
    const forgetful = `${address}&synchronous_commit=off`
    await assert.rejects(
      withStore(forgetful, async () => {}),
      { code: 'home_unusable', message: /synchronous_commit is off/ },
    )
  })

  it('says so where the schema of its address is not there', async () => {
    await assert.rejects(
      withStore(`${server.url}?search_path=nowhere`, async () => {}),
      { code: 'home_unusable', message: /schema of the search_path is not there/ },
    )
  })

  it('is not opened where characters are lacking', async () => {
    server.query(server.url, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    const latin = server.url.replace(/[^/]*$/, 'latin')
    await assert.rejects(
      withStore(latin, async () => {}),
      { code: 'home_unusable', message: /the encoding of the database is LATIN1/ },
    )
  })

  it('is away where no server answers, which may pass', async () => {
    const nowhere = server.url.replace(/:\d+/, `:${await freePort()}`)
    await assert.rejects(
      withStore(nowhere, async () => {}),
      { code: 'store_unavailable', message: /^Cannot use the store / },
    )
  })

  it("does not touch another program's tables, nor a newer schema", async () => {
    const other = server.newSchema()
    server.query(other, 'CREATE TABLE deliveries (parcel text)')
    await assert.rejects(
      withStore(other, async () => {}),
      { code: 'home_unusable', message: /another program/ },
    )
    assert.equal(
      server.query(other, 'SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()'),
      '1',
    )
    const newer = server.newSchema()
    await withStore(newer, (store) => store.probe())
    server.query(newer, 'UPDATE postern_schema SET version = 999')
    await assert.rejects(
      withStore(newer, async () => {}),
      { code: 'home_unusable', message: /newer postern/ },
    )
  })

  it('gives texts back as they were, whatever signs are in them', async () => {
    await withStore(server.newSchema(), async (store) => {
      const texts = [
        'a\u0000b',
        '\ud800',
        '\udc00 alone',
        '\u{f8fe}',
        '\u{f8fe}0000',
        '\u{10ffff}',
        '👩‍💻',
        "';--",
        '\\x00',
      ]
      for (const message of texts) {
        const { delivery } = await record(store, message)
        assert.equal((await store.findDelivery(delivery.id))?.message, message)
      }
      assert.deepEqual(await stored(store), texts.toSorted())
      const from = texts.join(' ')
      const source = { kind: 'hook', hook: 'news', grant: ci } as const
      await store.addGrant({ id: ci, hook: 'news', verb: 'post_hook', createdAt: noon, uses: 0 })
      const { delivery } = await store.recordDelivery(draftOf({ source, from, message: 'by a hook' }))
      await store.replyToDelivery(delivery.id, from, noon)
      const [found, ...others] = await store.listDeliveries({ grant: ci, limit: 9 })
      assert.deepEqual([found?.from, found?.answer, found?.repliedAt, others], [from, from, noon, []])
    })
  })

  it('of schema 1 gives its sessions no host, and goes on with what waits for them', async () => {
    const address = server.newSchema()
    const first = resolve(import.meta.dirname, '../../../src/store/postgres/migrations/0001_init.sql')
    server.query(address, readFileSync(first, 'utf8'))
    server.query(
      address,
      `CREATE TABLE postern_schema (version bigint NOT NULL); INSERT INTO postern_schema VALUES (1); ${rowsBeforeHosts}`,
    )
    await withStore(address, assertServedWithoutHosts)
    assert.equal(server.query(address, 'SELECT version FROM postern_schema'), '5')
  })

  it('has the tables and columns that SQLite has, beside what doors have in common', async () => {
    const shared = [
      'door_facts',
      'logins',
      'login_links',
      'login_notes',
      'relayed',
      'host_abilities',
      'writers',
    ]
    const address = server.newSchema()
    await withStore(address, (store) => store.probe())
    const columns = server.query(
      address,
      `SELECT table_name || '.' || column_name FROM information_schema.columns
       WHERE table_schema = current_schema() AND table_name NOT IN ('postern_schema', '${shared.join("', '")}')`,
    )
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      await (await openScratchStore(path)).close()
      const database = (await currentPlatform()).openDatabase(path)
      const expected = database
        .prepare(
          `SELECT t.name || '.' || c.name AS name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'`,
        )
        .all()
        .map(({ name }) => String(name))
      database.close()
      assert.deepEqual(columns.split('\n').toSorted(), expected.toSorted())
    })
  })

  it('knows a repeat by its key after the database was cut off', async () => {
    const address = server.newSchema()
    const proxy = await startProxy(address)
    await withStore(proxy.address, async (store) => {
      await store.openSession(sessionCalled(build), { replace: false })
      const first = await store.recordDelivery(keyed('k1', { session: build }))
      proxy.cutBefore('COMMIT\u0000')
      await refuses('store_unavailable', store.recordDelivery(keyed('k2', { session: build })))
      const again = await store.recordDelivery(keyed('k1', { session: build }))
      assert.deepEqual([again.replayed, again.delivery.id], [true, first.delivery.id])
      assert.equal((await store.recordDelivery(keyed('k2', { session: build }))).replayed, false)
    })
    await proxy.close()
  })
})

async function until<T>(act: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 20_000
  for (;;)
    try {
      return await act()
    } catch (thrown) {
      if (performance.now() > deadline) throw thrown
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
}
