import { testStore } from '../suites/store.ts'
import { createMemoryState, openMemoryStore } from '../support/memory-store.ts'

testStore({
  name: 'memory',
  open: async (now) => {
    const state = createMemoryState()
    return {
      store: openMemoryStore(now, state),
      other: openMemoryStore(now, state),
      close: async () => undefined,
    }
  },
})
