import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Failure } from '../../../src/domain/error.ts'
import type { GrantId } from '../../../src/domain/grant.ts'
import { parseHostName } from '../../../src/domain/host.ts'
import { acceptPutBack, lookAtPlace } from '../../../src/store/put-back.ts'
import { openStore, type SqliteStore } from '../../../src/store/sqlite.ts'
import { refuses } from '../../suites/store/harness.ts'
import { ci, draftOf, grantOf, noon } from '../../support/drafts.ts'
import { currentPlatform } from '../../support/platform.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../../support/postgres.ts'

const entry = new URL('../../fixtures/store-thread.ts', import.meta.url).href
const skip = withoutPostgres()
const night = 'b0b0b0b0b0b0b0b0' as GrantId

let database: TestPostgres
let scratch: string
before(async () => {
  if (skip) return
  database = await startPostgres()
  scratch = mkdtempSync(join(tmpdir(), 'postern-era-'))
})
after(async () => {
  if (skip) return
  await database.stop()
  rmSync(scratch, { recursive: true, force: true })
})

/** A home of a door on a store. */
async function homeOn(url: string, name: string) {
  const platform = await currentPlatform()
  const keysDir = join(scratch, `${new URL(url).searchParams.get('search_path')}-${name}`)
  const deps = {
    ...{ platform, path: join(keysDir, 'none.db'), keysDir, revokedFile: join(keysDir, 'revoked') },
    ...{ postgres: { url, entry }, now: () => noon, role: 'server' as const },
  }
  return {
    keysDir,
    open: () => openStore(deps),
    trouble: () => lookAtPlace(deps).trouble,
    accept: (keepGrants = false) => acceptPutBack({ ...deps, keepGrants }),
  }
}

type Home = Awaited<ReturnType<typeof homeOn>>

async function doing<T>({ open }: Home, act: (store: SqliteStore) => Promise<T>): Promise<T> {
  const store = await open()
  try {
    return await act(store)
  } finally {
    await store.close()
  }
}

async function refusedWith({ open }: Home, why: RegExp): Promise<void> {
  await assert.rejects(
    open(),
    (failure: Failure) => failure.code === 'home_unusable' && why.test(failure.message),
  )
}

describe('an older database put back in PostgreSQL', { skip, timeout: 120_000 }, () => {
  it('is refused until it is accepted, and revives nothing then', async () => {
    const url = database.newSchema()
    const home = await homeOn(url, 'door')
    const laptop = parseHostName('laptop')
    const waiting = await doing(home, async (store) => {
      await store.addGrant(grantOf())
      await store.addGrant(grantOf({ id: night }))
      await store.addHost(laptop, '1a', noon)
      return (await store.recordDelivery(draftOf())).delivery
    })
    const dump = database.dump(url)
    await doing(home, async (store) => {
      await store.revokeGrant(ci, noon)
      await store.revokeHost(laptop, noon)
      await store.cancelDelivery(waiting.id, noon)
    })
    database.putBack(url, dump)
    assert.equal(home.trouble()?.kind, 'database_behind')
    await refusedWith(home, /store_\d+ lacks the newest \d transactions .*--accept-loss/)
    assert.equal(
      database.dump(url).replaceAll(/\\(un)?restrict .*/g, ''),
      dump.replaceAll(/\\(un)?restrict .*/g, ''),
    )
    const { restored, detail } = await home.accept()
    assert.match(detail, /lacks the newest/)
    assert.deepEqual(restored, { held: 1, revoked: 0 })
    await doing(home, async (store) => {
      await refuses('forbidden', store.recordDelivery(draftOf({ source: { kind: 'grant', grant: ci } })))
      assert.equal((await store.findGrant(night))?.revokedAt, undefined)
      assert.equal(await store.attachHost(laptop, noon, noon + 10), undefined)
      const { state, failedStep } = (await store.findDelivery(waiting.id)) ?? {}
      assert.deepEqual([state, failedStep], ['FAILED', 'restored'])
    })
    await refuses('usage', home.accept())
  })

  it('is refused by each home that has used it, until one of them accepts it', async () => {
    const url = database.newSchema()
    const [one, two, third] = [await homeOn(url, 'one'), await homeOn(url, 'two'), await homeOn(url, 'three')]
    await doing(one, async (store) => {
      await store.addGrant(grantOf())
      await store.addGrant(grantOf({ id: night }))
    })
    await doing(two, (store) => store.recordDelivery(draftOf()))
    const dump = database.dump(url)
    // What others did meanwhile is no trouble.
    await doing(one, (store) => store.revokeGrant(ci, noon))
    await doing(two, (store) => store.revokeGrant(night, noon))
    await doing(one, async () => {})
    database.putBack(url, dump)
    for (const home of [one, two]) await refusedWith(home, /lacks the newest/)
    await one.accept()
    await doing(one, async (store) => {
      assert.ok((await store.findGrant(ci))?.revokedAt)
      await store.recordDelivery(draftOf({ message: 'after' }))
    })
    // The other home revokes what it knows of as soon as it is back, and nothing that came since fails.
    assert.equal(two.trouble(), undefined)
    await doing(two, async (store) => {
      assert.ok((await store.findGrant(night))?.revokedAt)
      assert.deepEqual((await store.counts()).deliveries, {
        ...(await store.counts()).deliveries,
        PENDING: 1,
        FAILED: 1,
      })
    })
    await doing(one, async () => {})
    // A new home has noted nothing.
    await doing(third, async () => {})
    // The same dump once more is older than what was accepted.
    database.putBack(url, dump)
    for (const home of [one, two, third])
      await refusedWith(home, /another database .* or a copy of it from before/)
    await two.accept()
    for (const home of [one, two, third]) await doing(home, async () => {})
  })

  it('revokes everything where the home cannot know what was revoked, unless it is vouched for', async () => {
    for (const keepGrants of [false, true]) {
      const url = database.newSchema()
      const home = await homeOn(url, 'door')
      await doing(home, (store) => store.addGrant(grantOf()))
      const dump = database.dump(url)
      await doing(home, (store) => store.recordDelivery(draftOf()))
      // As the keys of a backup would: a file of another place.
      writeFileSync(join(home.keysDir, 'revoked'), '# 1 2\n')
      database.putBack(url, dump)
      assert.equal((await home.accept(keepGrants)).restored?.revoked, keepGrants ? 0 : 1)
      await doing(home, async (store) =>
        assert.equal((await store.findGrant(ci))?.revokedAt === undefined, keepGrants),
      )
    }
  })

  it('is not served on by who had it open', async () => {
    const url = database.newSchema()
    const home = await homeOn(url, 'door')
    const store = await home.open()
    await store.recordDelivery(draftOf())
    const dump = database.dump(url)
    await store.recordDelivery(draftOf())
    database.putBack(url, dump)
    for (let i = 0; i < 3; i++) {
      await refuses('store_unavailable', store.recordDelivery(draftOf({ message: `${i}` })))
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    await store.close()
    await refusedWith(home, /lacks the newest/)
    // Without a word to the connections, too.
    const other = database.newSchema()
    const quiet = await homeOn(other, 'door')
    const open = await quiet.open()
    await open.recordDelivery(draftOf())
    database.query(other, `UPDATE tallies SET n = 1 WHERE kind = 'commits'`)
    await refuses('store_unavailable', open.recordDelivery(draftOf()))
    await refuses('store_unavailable', open.recordDelivery(draftOf()))
    await open.close()
  })
})

describe('another database at the same address', { skip, timeout: 120_000 }, () => {
  it('is refused, and so is an empty one, in which nothing is made', async () => {
    const [url, other] = [database.newSchema(), database.newSchema()]
    const home = await homeOn(url, 'door')
    await doing(home, (store) => store.recordDelivery(draftOf()))
    await doing(await homeOn(other, 'door'), (store) => store.recordDelivery(draftOf()))
    const [a, b] = [url, other].map((address) => new URL(address).searchParams.get('search_path'))
    database.query(database.url, `DROP SCHEMA ${a} CASCADE; CREATE SCHEMA ${a}`)
    await refusedWith(home, /There is nothing in/)
    assert.equal(database.query(url, `SELECT count(*) FROM pg_tables WHERE schemaname = '${a}'`), '0')
    database.query(database.url, `DROP SCHEMA ${a}; ALTER SCHEMA ${b} RENAME TO ${a}`)
    await refusedWith(home, /is another database than/)
    database.query(database.url, `DROP SCHEMA ${a} CASCADE; CREATE SCHEMA ${a}`)
    assert.equal((await home.accept()).restored, undefined)
    await doing(home, async (store) => assert.deepEqual(await store.listDeliveries({ limit: 9 }), []))
  })

  it('is told by the address without who logs in; a lost note is no trouble', async () => {
    const url = database.newSchema()
    const home = await homeOn(url, 'door')
    await doing(home, (store) => store.recordDelivery(draftOf()))
    const marks = () => readdirSync(home.keysDir).filter((name) => name.startsWith('mark'))
    const [mark = ''] = marks()
    assert.match(mark, /^mark-[0-9a-f]{16}$/)
    assert.match(readFileSync(join(home.keysDir, mark), 'utf8'), /^[0-9a-f]{32} \d{16}\n$/)
    const again = await homeOn(url.replace('postgres@', 'postgres:s3cret@'), 'door')
    await doing(again, (store) => store.recordDelivery(draftOf()))
    assert.deepEqual(marks(), [mark])
    rmSync(join(home.keysDir, mark))
    await doing(home, async () => {})
    assert.deepEqual(marks(), [mark])
  })
})
