import { Failure } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import { keysVariable } from '../domain/key-variables.ts'
import type { Session } from '../domain/session.ts'
import { askForSelf, selfFileOf } from '../manage/self-file.ts'
import { runningUrl } from './server-file.ts'

/** A server looks five times a second. Milliseconds. */
const answerMs = 5000

/**
 * The path of the file with the capability of that opening, written by the running server of this home, which alone has the keys. Throws
 * `key_unusable`.
 */
export async function signedByServer(home: Home, { id: session, generation }: Session): Promise<string> {
  const { runDir } = home
  const isRunning = runningUrl(home) !== undefined
  if (isRunning && (await askForSelf(runDir, { session, generation }, answerMs)))
    return selfFileOf(runDir, generation)
  throw new Failure(
    'key_unusable',
    `The server of this home alone has ${keysVariable}, and ${isRunning ? 'did not sign' : 'is not there to sign'} for the agent of "${session}". Start it, or give this command the variable, too.`,
  )
}
