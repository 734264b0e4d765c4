import assert from 'node:assert/strict'
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import type { GrantId } from '../../src/domain/grant.ts'
import { parseHostName } from '../../src/domain/host.ts'
import type { Platform } from '../../src/platform/platform.ts'
import { restore } from '../../src/store/restore.ts'
import { openStore } from '../../src/store/sqlite.ts'
import { refuses } from '../suites/store/harness.ts'
import { ci, draftOf, grantOf, inbox, keyed, noon } from '../support/drafts.ts'
import { currentPlatform } from '../support/platform.ts'
import { inScratch, openScratchStore } from '../support/scratch-store.ts'

const night = 'b0b0b0b0b0b0b0b0' as GrantId

interface Place {
  readonly dir: string
  readonly path: string
  readonly revokedFile: string
  readonly copy: string
  readonly open: () => ReturnType<typeof openScratchStore>
  readonly putBack: (file?: string, keepGrants?: boolean) => ReturnType<typeof restore>
}

const inHome = (act: (place: Place) => Promise<void>): Promise<void> =>
  inScratch(async (dir) => {
    const [path, revokedFile, copy] = [
      join(dir, 'postern.db'),
      join(dir, 'keys', 'revoked'),
      join(dir, 'copy'),
    ]
    const platform = await currentPlatform()
    const open = () => openScratchStore(path, { revokedFile })
    const putBack = (file = copy, keepGrants = false) =>
      restore({ platform, path, revokedFile, role: 'client', now: () => noon, keepGrants }, file)
    await act({ dir, path, revokedFile, copy, open, putBack })
  })

describe('restore', () => {
  it('lets no grant live again that was revoked after the backup', () =>
    inHome(async ({ copy, open, putBack, revokedFile }) => {
      const store = await open()
      await store.addGrant(grantOf())
      await store.addGrant(grantOf({ id: night }))
      await store.backup(copy)
      await store.revokeGrant(ci, noon)
      await store.revokeGrant(ci, noon + 1)
      await store.close()
      assert.match(await readFile(revokedFile, 'utf8'), new RegExp(`^# \\d+ \\d+\n${ci}\n$`))
      assert.equal((await stat(revokedFile)).mode & 0o777, 0o600)
      await putBack()
      const restored = await open()
      assert.equal((await restored.findGrant(ci))?.revokedAt, noon)
      assert.equal((await restored.findGrant(night))?.revokedAt, undefined)
      await refuses('forbidden', restored.recordDelivery(draftOf({ source: { kind: 'grant', grant: ci } })))
      await restored.close()
    }))

  it('lets none live again when the file was just copied over, either', () =>
    inHome(async ({ copy, open, path }) => {
      const store = await open()
      await store.addGrant(grantOf())
      await store.close()
      await copyFile(path, copy)
      const later = await open()
      await later.revokeGrant(ci, noon)
      const { delivery } = await later.recordDelivery(draftOf())
      await later.close()
      await copyFile(copy, path)
      const older = await open()
      assert.ok((await older.findGrant(ci))?.revokedAt)
      assert.equal(await older.findDelivery(delivery.id), undefined)
      await older.close()
    }))

  it('opens no URL again that was rotated out after the backup, nor keeps its grace longer', () =>
    inHome(async ({ copy, open, putBack, revokedFile }) => {
      const store = await open()
      for (const id of [ci, night]) await store.addGrant(grantOf({ id }))
      await store.backup(copy)
      await store.rotateGrant(ci, noon + 1)
      await store.rotateGrant(ci, noon + 300_000)
      await store.close()
      await putBack()
      const restored = await open()
      const { serial, previousUntil } = (await restored.findGrant(ci)) ?? {}
      assert.deepEqual([serial, previousUntil], [2, noon + 300_000])
      assert.equal((await restored.findGrant(night))?.serial, undefined)
      const source = { kind: 'grant', grant: ci } as const
      await refuses('forbidden', restored.recordDelivery(draftOf({ source })))
      await restored.recordDelivery(draftOf({ source, serial: 1 }))
      await restored.close()
      // Of another place on the disk the file becomes this home's own, with all its lines.
      await copyFile(revokedFile, `${revokedFile}.moved`)
      await rename(`${revokedFile}.moved`, revokedFile)
      await (await open()).close()
      assert.match(await readFile(revokedFile, 'utf8'), new RegExp(`\n${ci} 2 ${noon + 300_000}\n`))
    }))

  it('lets no token of a host open anything again that was revoked or rotated after the backup', () =>
    inHome(async ({ copy, open, putBack, revokedFile }) => {
      const store = await open()
      const [laptop, phone, tower] = ['laptop', 'phone', 'tower'].map(parseHostName)
      assert.ok(laptop && phone && tower)
      for (const [name, token] of [
        [laptop, '1a'],
        [phone, '2b'],
        [tower, '3c'],
      ] as const)
        await store.addHost(name, token, noon)
      await store.backup(copy)
      await store.revokeHost(laptop, noon + 1)
      await store.revokeHost(laptop, noon + 2)
      await store.rotateHost(phone, '4d')
      await store.close()
      assert.match(await readFile(revokedFile, 'utf8'), /^# \d+ \d+\n1a\n2b\n$/)
      await putBack()
      const restored = await open()
      assert.deepEqual(
        (await restored.listHosts()).map(({ revokedAt }) => revokedAt),
        [noon, noon, undefined],
      )
      assert.equal(await restored.attachHost(laptop, noon, noon + 10), undefined)
      await restored.addHost(laptop, '5e', noon)
      assert.equal((await restored.attachHost(laptop, noon, noon + 10))?.epoch, 1)
      await restored.close()
    }))

  for (const how of ['before the revocation', 'with the backup, and nothing was revoked'])
    it(`revokes everything where the keys were copied ${how}, unless it is vouched for`, () =>
      inHome(async ({ copy, open, putBack, revokedFile, path }) => {
        const store = await open()
        await store.addGrant(grantOf())
        await store.addHost(parseHostName('laptop'), '1a', noon)
        await store.backup(copy)
        const keys = await readFile(revokedFile)
        if (how.startsWith('before')) await store.revokeGrant(ci, noon)
        await store.close()
        const elsewhere = async () => {
          await rm(dirname(path), { recursive: true })
          await mkdir(dirname(revokedFile), { recursive: true })
          await writeFile(revokedFile, keys)
        }
        const kept = await readFile(copy)
        await elsewhere()
        await writeFile(copy, kept)
        assert.equal((await putBack()).revoked, 1)
        const restored = await open()
        assert.ok((await restored.findGrant(ci))?.revokedAt)
        assert.ok((await restored.listHosts())[0]?.revokedAt)
        await restored.close()
        await elsewhere()
        await writeFile(path, kept)
        const copied = await open()
        assert.ok((await copied.findGrant(ci))?.revokedAt)
        await copied.close()
        await elsewhere()
        await writeFile(copy, kept)
        assert.equal((await putBack(copy, true)).revoked, 0)
        const trusted = await open()
        assert.equal((await trusted.findGrant(ci))?.revokedAt, undefined)
        assert.equal((await trusted.listHosts())[0]?.revokedAt, undefined)
        await trusted.close()
      }))

  it('leaves to a person what was unfinished, and keeps what was finished', () =>
    inHome(async ({ copy, open, putBack }) => {
      const store = await open()
      const { delivery: done } = await store.recordDelivery(draftOf())
      await store.acknowledgeDelivery(done.id, noon)
      const { delivery: under } = await store.recordDelivery(draftOf({ lease: { leaseMs: 60_000 } }))
      const { delivery: queued } = await store.recordDelivery(keyed('once'))
      await store.backup(copy)
      await store.close()
      const { held } = await putBack()
      assert.equal(held, 2)
      const restored = await open()
      assert.equal((await restored.findDelivery(done.id))?.state, 'DELIVERED')
      for (const { id } of [under, queued]) {
        const { state, failedStep, detail, leasedUntil } = (await restored.findDelivery(id)) ?? {}
        assert.deepEqual([state, failedStep, leasedUntil], ['FAILED', 'restored', undefined])
        assert.match(String(detail), /backup of 2026-11-22T12:00:00.000Z/)
      }
      const claim = { now: noon + 1e9, leaseMs: 1, limit: 9, except: [] }
      assert.deepEqual(await restored.claimDue(claim), [])
      assert.equal((await restored.counts()).queues.get(inbox), undefined)
      await restored.requeueDelivery(queued.id, noon, noon + 1000)
      const [again] = await restored.claimDue(claim)
      assert.equal(again?.id, queued.id)
      await restored.close()
    }))

  it('happens once: what comes afterwards is an ordinary database', () =>
    inHome(async ({ copy, open, putBack }) => {
      const store = await open()
      await store.backup(copy)
      await store.close()
      await putBack()
      const restored = await open()
      const { delivery } = await restored.recordDelivery(draftOf())
      await restored.close()
      const next = await open()
      assert.equal((await next.findDelivery(delivery.id))?.state, 'PENDING')
      await next.close()
    }))

  it('keeps the database aside that was there, with its log', () =>
    inHome(async ({ dir, copy, open, putBack }) => {
      const store = await open()
      await store.backup(copy)
      const { delivery } = await store.recordDelivery(draftOf())
      await store.close()
      const { aside = '' } = await putBack()
      const before = await openScratchStore(aside)
      assert.equal((await before.findDelivery(delivery.id))?.state, 'PENDING')
      await before.close()
      assert.equal((await stat(join(dir, 'postern.db'))).mode & 0o777, 0o600)
      const left = (await readdir(dir)).filter((file) => file.includes('restoring'))
      assert.deepEqual(left, [])
    }))

  it('takes the place of a damaged database', () =>
    inHome(async ({ copy, open, path, putBack }) => {
      const store = await open()
      await store.recordDelivery(draftOf())
      await store.backup(copy)
      await store.close()
      await writeFile(path, 'no database any more')
      const { aside = '' } = await putBack()
      assert.equal(await readFile(aside, 'utf8'), 'no database any more')
      const restored = await open()
      assert.equal((await restored.counts()).deliveries.FAILED, 1)
      await restored.close()
    }))

  it('refuses what is no backup and changes nothing', () =>
    inHome(async ({ dir, open, path, putBack }) => {
      const store = await open()
      const { delivery } = await store.recordDelivery(draftOf())
      await store.close()
      await writeFile(join(dir, 'text'), 'hello')
      await writeFile(join(dir, 'empty'), '')
      const cut = (await readFile(path)).subarray(0, 8192)
      await writeFile(join(dir, 'cut'), cut)
      for (const [file, code] of [
        ['missing', 'not_found'],
        ['text', 'usage'],
        ['empty', 'usage'],
        ['cut', 'usage'],
      ] as const)
        await refuses(code, putBack(join(dir, file)))
      const same = await open()
      assert.equal((await same.findDelivery(delivery.id))?.state, 'PENDING')
      await same.close()
      assert.deepEqual((await readdir(dir)).toSorted(), ['cut', 'empty', 'keys', 'postern.db', 'text'])
    }))
})

describe('backup', () => {
  it('that comes to nothing leaves nothing, under no name', async () => {
    await inScratch(async (dir) => {
      const real = await currentPlatform()
      const platform: Pick<Platform, 'openDatabase'> = {
        openDatabase: (path, options) => {
          if (path.includes('.partial-')) throw new Error('disk I/O error')
          return real.openDatabase(path, options)
        },
      }
      const store = await openStore({ platform, path: join(dir, 'p.db'), role: 'client', now: () => noon })
      await assert.rejects(store.backup(join(dir, 'copy')))
      assert.deepEqual(
        (await readdir(dir)).filter((name) => !name.startsWith('p.db')),
        [],
      )
      await store.close()
    })
  })
})

describe('revokeGrant', () => {
  it('holds also where it cannot be noted; what a backup says of grants is not believed there', () =>
    inHome(async ({ copy, open, putBack, revokedFile }) => {
      const store = await open()
      await store.addGrant(grantOf())
      await rm(revokedFile)
      await mkdir(revokedFile)
      await store.backup(copy)
      assert.equal((await store.revokeGrant(ci, noon))?.revokedAt, noon)
      await store.close()
      assert.equal((await putBack()).revoked, 1)
    }))
})
