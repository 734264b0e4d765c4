import { writeSync } from 'node:fs'
import process from 'node:process'
import { codeOf, Failure, reasonOf } from '../domain/error.ts'

/** What a command prints and reads, as its process has them. */
export function standardStreams() {
  let closed = false
  return {
    /** Throws `store_unavailable` where what is printed gets lost, as on a full disk: a URL or token is shown once. */
    stdout: (text: string): void => {
      const failed = writeAll(1, text)
      if (failed === undefined) return
      if (isClosed(failed)) {
        closed = true
        return
      }
      throw new Failure(
        'store_unavailable',
        `Standard output takes no more: ${reasonOf(failed)}. Not everything was printed.`,
        { cause: failed },
      )
    },
    /** Nobody can be told that this fails. */
    stderr: (text: string): void => void writeAll(2, text),
    outputClosed: () => closed,
    readStdin: async (): Promise<Uint8Array> => {
      try {
        const chunks: Uint8Array[] = []
        for await (const chunk of process.stdin) chunks.push(chunk)
        return Buffer.concat(chunks)
      } catch (cause) {
        throw new Failure('not_found', `Cannot read standard input: ${reasonOf(cause)}.`, { cause })
      }
    },
  }
}

/** Synchronous, so that nothing is lost when the process ends right after. What went wrong, if something did. */
function writeAll(descriptor: 1 | 2, text: string): unknown {
  const bytes = Buffer.from(text)
  for (let from = 0; from < bytes.length; ) {
    try {
      from += writeSync(descriptor, bytes, from)
    } catch (thrown) {
      if (codeOf(thrown) !== 'EAGAIN') return thrown
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
  return undefined
}

/** A reader that closed the pipe, or a caller that opened none, is no failure. */
const isClosed = (thrown: unknown): boolean => ['EPIPE', 'EBADF'].includes(codeOf(thrown) ?? '')
