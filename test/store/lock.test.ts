import assert from 'node:assert/strict'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { lockHome } from '../../src/store/lock.ts'
import { currentPlatform } from '../support/platform.ts'
import { inScratch } from '../support/scratch-store.ts'

describe('lockHome', () => {
  it('leaves no file that others may read, whatever the umask', async () => {
    await inScratch(async (dir) => {
      const platform = await currentPlatform()
      const before = process.umask(0)
      const lock = lockHome(platform, join(dir, 'server.lock'))
      process.umask(before)
      for (const file of await readdir(dir))
        assert.equal((await stat(join(dir, file))).mode & 0o777, 0o600, file)
      lock.release()
    })
  })

  it('is held by one at a time', async () => {
    await inScratch(async (dir) => {
      const platform = await currentPlatform()
      const path = join(dir, 'server.lock')
      const first = lockHome(platform, path)
      assert.throws(() => lockHome(platform, path), { code: 'already_running' })
      first.release()
      lockHome(platform, path).release()
    })
  })
})
