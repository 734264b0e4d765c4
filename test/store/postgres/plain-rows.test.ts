import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Draft } from '../../../src/domain/ports.ts'
import { openStore } from '../../../src/store/sqlite.ts'
import { build, draftOf, noon, sessionCalled } from '../../support/drafts.ts'
import { currentPlatform } from '../../support/platform.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../../support/postgres.ts'

const entry = new URL('../../fixtures/store-thread.ts', import.meta.url).href
const skip = withoutPostgres()

let server: TestPostgres
before(async () => {
  if (!skip) server = await startPostgres()
})
after(async () => {
  await server?.stop()
})

const bytes = new TextEncoder().encode('{"a":1}')
const alike = draftOf({ message: 'the same' })
const { payload: _, ...bare } = alike

const together: Readonly<Record<string, readonly Draft[]>> = {
  'of which all is alike': [alike, alike, alike],
  'without payloads': [bare, bare, bare],
  'of which the first has a payload': [{ ...bare, payload: bytes }, bare, { ...bare, payload: bytes }],
  'of which the first has none': [bare, { ...bare, payload: bytes }, bare],
  'with one payload in all': [1, 2, 3].map(() => ({ ...bare, payload: bytes })),
  'with an empty one': [{ ...bare, payload: new Uint8Array() }, bare],
  'of two sessions': [alike, draftOf({ session: build, message: 'another', from: 'ci' }), alike],
  'with signs that an array quotes': [
    draftOf({ message: '{"a","b\\c"}, NULL' }),
    draftOf({ message: 'NULL' }),
  ],
  'of one': [alike],
}

for (const [title, drafts] of Object.entries(together))
  test(`insertPlainRows keeps each delivery its own: ${title}`, { skip }, async () => {
    const store = await openStore({
      platform: await currentPlatform(),
      path: ':memory:',
      postgres: { url: server.newSchema(), entry },
      role: 'server',
      now: () => noon,
    })
    try {
      await store.openSession(sessionCalled(build), { replace: false })
      await store.fileDeliveries(drafts)
      const deliveries = await store.listDeliveries({ limit: 100 })
      const found = await Promise.all(deliveries.map(async ({ id }) => store.inspectDelivery(id)))
      const facts = found.map((one) => [one?.session, one?.message, one?.payload])
      const given = drafts.map(({ session, message, payload }) => [session, message, payload])
      assert.deepEqual(facts.toReversed(), given)
    } finally {
      await store.close()
    }
  })
