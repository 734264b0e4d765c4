import { after, before, test } from 'node:test'
import type { Store } from '../../../src/domain/ports.ts'
import { openDatabase, type PostgresDatabase } from '../../../src/store/postgres/database.ts'
import { openStore } from '../../../src/store/sqlite.ts'
import { checking, type StoreHarness } from '../../suites/store/harness.ts'
import { testShared } from '../../suites/store/shared.ts'
import { testStore } from '../../suites/store.ts'
import { currentPlatform } from '../../support/platform.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../../support/postgres.ts'

const entry = new URL('../../fixtures/store-thread.ts', import.meta.url).href

let server: TestPostgres
let tables: PostgresDatabase
let stores: readonly Store[] = []
let clock = () => 0

/** Both stores see that something has changed. */
const emptied = `DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema()
      AND tablename NOT IN ('postern_schema', 'tallies', 'sessions')
    LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
  END $$;
  DELETE FROM sessions WHERE id NOT IN ('default', 'webhook-agent');
  UPDATE sessions SET generation = 'standing', driver = 'inbox', settings = '{}', state = 'live', why = NULL, exit_code = NULL,
    ended_at = NULL, decisions = 0, host = NULL;
  DELETE FROM tallies WHERE kind NOT IN ('commits', 'changes');
  UPDATE tallies SET n = n + 1`

const skip = withoutPostgres()

before(async () => {
  if (skip) return
  server = await startPostgres()
  const address = server.newSchema()
  const platform = await currentPlatform()
  const open = (role: 'server' | 'client') =>
    openStore({ platform, path: ':memory:', postgres: { url: address, entry }, role, now: () => clock() })
  stores = [await open('server'), await open('client')]
  tables = openDatabase({ url: address, entry })
})
after(async () => {
  for (const store of stores) await store.close()
  tables?.close()
  await server?.stop()
})

if (skip) test('postgres', { skip }, () => {})
else {
  const harness: StoreHarness = {
    name: 'postgres',
    // Opening takes its time: the same two go on, on tables that are empty again.
    open: async (now) => {
      clock = now
      tables.exec(emptied)
      const [store, other] = stores
      if (!store || !other) throw new Error('The stores are not open.')
      await store.changedElsewhere()
      await other.changedElsewhere()
      return { store, other, close: async () => undefined }
    },
  }
  testStore(harness)
  testShared(checking(harness))
}
