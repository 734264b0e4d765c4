import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Platform } from '../../src/platform/platform.ts'
import { openReader } from '../../src/store/reader.ts'
import { refuses } from '../suites/store/harness.ts'
import { build, noon, sessionCalled } from '../support/drafts.ts'
import { currentPlatform } from '../support/platform.ts'
import { inScratch, openScratchStore } from '../support/scratch-store.ts'

/** A disk that cannot be read while its `fails`. */
function onDisk(platform: Platform, disk: { fails: boolean }): Pick<Platform, 'openDatabase'> {
  return {
    openDatabase(path, options) {
      const database = platform.openDatabase(path, options)
      return {
        ...database,
        prepare: (sql) => {
          const statement = database.prepare(sql)
          return {
            ...statement,
            get: (...values) => {
              if (disk.fails && sql.startsWith('SELECT')) throw new Error('disk I/O error')
              return statement.get(...values)
            },
          }
        },
      }
    },
  }
}

describe('a reader', () => {
  it('that could not read what changed still knows that something did', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'p.db')
      const store = await openScratchStore(path)
      await store.openSession(sessionCalled(build), { replace: false })
      const disk = { fails: false }
      const reader = openReader({ platform: onDisk(await currentPlatform(), disk), path, now: () => noon })
      assert.equal((await reader.findSession(build))?.state, 'live')
      await store.endSession(build, 'g1', { at: noon })
      disk.fails = true
      reader.doubt()
      await refuses('store_unavailable', reader.findSession(build))
      disk.fails = false
      assert.equal((await reader.findSession(build))?.state, 'ended')
      reader.close()
      await store.close()
    })
  })
})
