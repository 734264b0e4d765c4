import { setImmediate } from 'node:timers/promises'

interface Hash {
  update(bytes: Uint8Array): unknown
}

/** Half a millisecond; three on a processor without instructions for SHA. */
const bytesPerSlice = 524_288

/** Gives a hash its bytes, in slices with a turn for other requests between them: 25 MiB in one piece would hold the event loop. */
export async function feed(hash: Hash, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.length; from += bytesPerSlice) {
    if (from > 0) await setImmediate()
    hash.update(bytes.subarray(from, from + bytesPerSlice))
  }
}
