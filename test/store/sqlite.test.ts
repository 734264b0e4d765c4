import { testStore } from '../suites/store.ts'
import { openScratchStore, openTwoHandles } from '../support/scratch-store.ts'

testStore({
  name: 'sqlite',
  open: (now) =>
    openTwoHandles(
      (path) => openScratchStore(path, { now }),
      (path) => openScratchStore(path, { now, role: 'client' }),
    ),
})
