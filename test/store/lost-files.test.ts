import assert from 'node:assert/strict'
import { copyFile, mkdir, open, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Failure } from '../../src/domain/error.ts'
import type { Store } from '../../src/domain/ports.ts'
import { openStore } from '../../src/store/sqlite.ts'
import { draftOf, noon } from '../support/drafts.ts'
import { rounds } from '../support/long.ts'
import { currentPlatform } from '../support/platform.ts'
import { inScratch } from '../support/scratch-store.ts'

const parts = ['postern.db', 'postern.db-wal', 'keys/mark']

const openIn = async (dir: string): Promise<Store> =>
  openStore({
    platform: await currentPlatform(),
    path: join(dir, 'postern.db'),
    keysDir: join(dir, 'keys'),
    role: 'server',
    now: () => noon,
  })

/** What a kill -9 would leave of `from`, whose store is still open. */
async function killed(from: string, to: string): Promise<string> {
  await mkdir(join(to, 'keys'), { recursive: true })
  for (const part of parts) await copyFile(join(from, part), join(to, part))
  return to
}

const stored = async (store: Store): Promise<number> => (await store.listDeliveries({ limit: 1000 })).length

/** How many deliveries are found there, or why it is refused. */
async function found(dir: string): Promise<number | string> {
  try {
    const store = await openIn(dir)
    const count = await stored(store)
    await store.close()
    return count
  } catch (thrown) {
    assert.equal((thrown as Failure).code, 'home_unusable')
    return (thrown as Error).message
  }
}

const messages = 12

/** A store with so many deliveries, each of its own transaction, the first of them already in the database file. */
async function filled(dir: string): Promise<Store> {
  const first = await openIn(dir)
  await first.recordDelivery(draftOf({ message: 'first' }))
  await first.close()
  const store = await openIn(dir)
  for (let i = 1; i < messages; i++) await store.recordDelivery(draftOf({ message: `${i}` }))
  return store
}

describe('a write-ahead log that lost something', () => {
  it('is noticed wherever it is cut: all is there, or the home is refused', {
    timeout: 300_000,
  }, async () => {
    await inScratch(async (dir) => {
      const store = await filled(dir)
      const { size } = await stat(join(dir, 'postern.db-wal'))
      const tries = rounds(60, 2000)
      const refused: number[] = []
      for (let i = 0; i < tries; i++) {
        const to = await killed(dir, join(dir, `cut-${i}`))
        const length = i < 20 ? i * 3 : Math.floor((size / tries) * i) + (i % 7)
        await truncate(join(to, 'postern.db-wal'), length)
        const got = await found(to)
        if (typeof got === 'string') refused.push(length)
        else assert.equal(got, messages, `cut to ${length} of ${size} it opens with ${got}`)
        await rm(to, { recursive: true })
      }
      assert.ok(refused.length >= tries - 2, `only ${refused.length} of ${tries} cuts are refused`)
      await store.close()
    })
  })

  it('is noticed wherever a byte of it is changed', { timeout: 300_000 }, async () => {
    await inScratch(async (dir) => {
      const store = await filled(dir)
      const { size } = await stat(join(dir, 'postern.db-wal'))
      const tries = rounds(40, 2000)
      for (let i = 0; i < tries; i++) {
        const to = await killed(dir, join(dir, `changed-${i}`))
        const at = Math.floor((size / tries) * i) + (i % 5)
        const file = await open(join(to, 'postern.db-wal'), 'r+')
        const byte = new Uint8Array(1)
        await file.read(byte, 0, 1, at)
        await file.write(
          byte.map((value) => value ^ 0x55),
          0,
          1,
          at,
        )
        await file.close()
        const got = await found(to)
        assert.ok(typeof got === 'string' || got === messages, `changed at ${at} it opens with ${got}`)
        await rm(to, { recursive: true })
      }
      await store.close()
    })
  })

  it('is not suspected when nothing is lost: after every commit a kill leaves a home that opens', async () => {
    await inScratch(async (dir) => {
      const store = await openIn(dir)
      for (let i = 1; i <= 8; i++) {
        await store.recordDelivery(draftOf({ message: `${i}` }))
        assert.equal(await found(await killed(dir, join(dir, `after-${i}`))), i)
      }
      await store.close()
      assert.equal(await found(dir), 8)
    })
  })
})

describe('an older database in place of the newest', () => {
  it('is refused, and a backup of Postern is not', async () => {
    await inScratch(async (dir) => {
      const store = await openIn(dir)
      await store.recordDelivery(draftOf())
      await store.close()
      await copyFile(join(dir, 'postern.db'), join(dir, 'older'))
      const again = await openIn(dir)
      await again.backup(join(dir, 'backup'))
      await again.recordDelivery(draftOf())
      await again.close()
      await copyFile(join(dir, 'older'), join(dir, 'postern.db'))
      assert.match(String(await found(dir)), /lacks the newest .* an older copy was put in its place/)
      await copyFile(join(dir, 'backup'), join(dir, 'postern.db'))
      assert.equal(await found(dir), 1)
      assert.equal(await found(dir), 1)
    })
  })
})

describe('what is noted beside the keys', () => {
  for (const [title, text] of [
    ['is nothing', ''],
    ['is something else', 'hello\n'],
  ] as const)
    it(`is made anew where it ${title}`, async () => {
      await inScratch(async (dir) => {
        const store = await filled(dir)
        await store.close()
        await writeFile(join(dir, 'keys/mark'), text)
        assert.equal(await found(dir), messages)
        await rm(join(dir, 'postern.db'))
        assert.match(String(await found(dir)), /postern\.db is gone/)
      })
    })
})
