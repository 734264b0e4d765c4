import { unavailable } from './connection.ts'

/** What an async function would give, without the cost of one. */
export function readNow<T>(refresh: () => void, act: () => T): Promise<T> {
  try {
    refresh()
    return Promise.resolve(act())
  } catch (thrown) {
    return Promise.reject(unavailable(thrown))
  }
}

/** The same without a promise; undefined where that cannot be read now. */
export function readAtHand<T>(refresh: () => void, act: () => T): T | undefined {
  try {
    refresh()
    return act()
  } catch {
    return undefined
  }
}

/** What arrives in one turn of the event loop sees one state; only the first looks for other processes' writes. */
export function oncePerTurn(act: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    act()
    done = true
    setImmediate(() => {
      done = false
    })
  }
}
