import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Store } from '../../../src/domain/ports.ts'
import { type Listener, listenTo } from '../../../src/store/postgres/listen.ts'
import { openStore } from '../../../src/store/sqlite.ts'
import { build, draftOf, noon, sessionCalled } from '../../support/drafts.ts'
import { currentPlatform } from '../../support/platform.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../../support/postgres.ts'
import { startProxy } from '../../support/tcp-proxy.ts'

const entry = new URL('../../fixtures/store-thread.ts', import.meta.url).href

const skip = withoutPostgres()
let server: TestPostgres
before(async () => {
  if (!skip) server = await startPostgres()
})
after(() => server?.stop())

/** A process that writes. */
const openWriter = async (url: string, sender: string): Promise<Store> =>
  openStore({
    ...{ platform: await currentPlatform(), path: ':memory:', now: () => noon, role: 'server' },
    postgres: { url, entry, sender },
  })

/** A process that listens. */
function listen(url: string) {
  const logged: string[] = []
  let heard = 0
  const listener = listenTo({ url, sender: 'own', log: (_, event) => logged.push(event) })
  listener.whenHeard(() => {
    heard += 1
  })
  return { listener, logged, heard: () => heard }
}

async function until(what: string, isSo: () => boolean, withinMs = 20_000): Promise<number> {
  const begun = performance.now()
  while (!isSo()) {
    assert.ok(performance.now() - begun < withinMs, `${what} took longer than ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return performance.now() - begun
}

const untilListening = (listener: Listener) => until('listening', listener.isListening)

describe('listenTo', { skip, timeout: 120_000 }, () => {
  it('hears what others change, once a transaction, and nothing else', async () => {
    const url = server.newSchema()
    const [own, other] = [await openWriter(url, 'own'), await openWriter(url, 'other')]
    const { listener, heard, logged } = listen(url)
    await untilListening(listener)
    const before = heard()
    await own.openSession(sessionCalled(build), { replace: false })
    await own.recordDelivery(draftOf())
    await other.listSessions()
    await assert.rejects(other.openSession(sessionCalled(build), { replace: false }), {
      code: 'session_exists',
    })
    await other.recordDelivery(draftOf())
    await until('a change', () => heard() > before)
    await other.recordDelivery(draftOf())
    await until('another', () => heard() > before + 1)
    assert.equal(heard(), before + 2)
    assert.deepEqual(logged, [])
    const edits = listener.edits() ?? 0
    await other.endSession(build, sessionCalled(build).generation, { why: 'ended', at: noon })
    await until('what it changed', () => (listener.edits() ?? 0) > edits)
    await until('that it is old', () => listener.edits() === undefined)
    listener.close()
    await Promise.all([own.close(), other.close()])
  })

  it('hears nothing of another schema', async () => {
    const [url, elsewhere] = [server.newSchema(), server.newSchema()]
    const [store, other] = [await openWriter(url, 'a'), await openWriter(elsewhere, 'b')]
    const { listener, heard } = listen(url)
    await untilListening(listener)
    const before = heard()
    await other.recordDelivery(draftOf())
    await store.recordDelivery(draftOf())
    await until('a change', () => heard() > before)
    assert.equal(heard(), before + 1)
    listener.close()
    await Promise.all([store.close(), other.close()])
  })

  it('finds out that a pooler eats what comes unasked, and hears again once it does not', async () => {
    const url = server.newSchema()
    const proxy = await startProxy(url)
    const { listener, logged, heard } = listen(proxy.address)
    await untilListening(listener)
    proxy.eatNotifications(true)
    await until('finding out', () => !listener.isListening(), 10_500)
    assert.deepEqual(logged, ['store.deaf'])
    const before = heard()
    proxy.eatNotifications(false)
    await untilListening(listener)
    assert.deepEqual(logged, ['store.deaf', 'store.listening'])
    // What came meanwhile may have been missed.
    assert.ok(heard() > before)
    listener.close()
    await proxy.close()
  })

  it('listens again after its connection, or the whole database, was away', async () => {
    const url = server.newSchema()
    const proxy = await startProxy(url)
    const { listener, logged } = listen(proxy.address)
    await untilListening(listener)
    proxy.cut(true)
    await until('finding out', () => !listener.isListening())
    proxy.cut(false)
    await untilListening(listener)
    await server.crash()
    await until('finding out', () => !listener.isListening())
    await server.start()
    await untilListening(listener)
    assert.deepEqual(logged, ['store.deaf', 'store.listening', 'store.deaf', 'store.listening'])
    listener.close()
    await proxy.close()
  })

  it('says once that nobody answers, and ends at once', async () => {
    const { listener, logged } = listen('postgres://nobody@127.0.0.1:9/nowhere')
    await until('a refusal', () => logged.length > 0)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    assert.deepEqual([logged, listener.isListening()], [['store.deaf'], false])
    listener.close()
  })
})
