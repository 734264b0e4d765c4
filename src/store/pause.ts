/** Longest time that reading piece by piece holds up the event loop. */
const longestHoldMs = 3

/** To be awaited between two pieces: lets others in when it is time. */
export function createPause(): () => Promise<void> {
  let heldSince = performance.now()
  return async () => {
    if (performance.now() - heldSince < longestHoldMs) return
    await new Promise((resolve) => setImmediate(resolve))
    heldSince = performance.now()
  }
}
