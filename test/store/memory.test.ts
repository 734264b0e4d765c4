import { checking, type StoreHarness } from '../suites/store/harness.ts'
import { testShared } from '../suites/store/shared.ts'
import { testStore } from '../suites/store.ts'
import { createMemoryState, openMemoryStore } from '../support/memory-store.ts'

const harness: StoreHarness = {
  name: 'memory',
  open: async (now) => {
    const state = createMemoryState()
    return {
      store: openMemoryStore(now, state),
      other: openMemoryStore(now, state),
      close: async () => undefined,
    }
  },
}

testStore(harness)
testShared(checking(harness))
