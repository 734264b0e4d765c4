import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testStore } from '../suites/store.ts'
import { openScratchStore } from '../support/scratch-store.ts'

testStore({
  name: 'sqlite',
  open: async (now) => {
    const dir = await mkdtemp(join(tmpdir(), 'postern-store-'))
    const path = join(dir, 'postern.db')
    const store = await openScratchStore(path, { now })
    const other = await openScratchStore(path, { now, role: 'client' })
    return {
      store,
      other,
      close: async () => {
        await other.close()
        await store.close()
        await rm(dir, { recursive: true, force: true })
      },
    }
  },
})
