import { pause } from '../../wait.ts'
import { undecided } from './app-server.ts'
import { approvalOf } from './approval.ts'
import { connectServer } from './connect.ts'
import type { CodexSettings } from './settings.ts'
import { load } from './thread.ts'

/** The server repeats what is open right behind its answer to who resumes a conversation. */
const repeatsMs = 200

/**
 * What codex asks in a conversation on a server that others use as well: its state only tells that it does. Looks by a connection of
 * its own, which answers nothing. Undefined where nothing is asked any more, or nobody tells.
 */
export async function askedNow(
  { server: place, conversation }: CodexSettings,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (conversation === undefined) return undefined
  const server = await connectServer(place, env, signal).catch(() => undefined)
  if (!server) return undefined
  const over = new AbortController()
  const close = () => void server.close()
  signal.addEventListener('abort', close)
  const { promise: asked, resolve } = Promise.withResolvers<string>()
  server.listen({
    onNotification: () => {},
    onRequest: (method, params) => {
      const asks = params.threadId === conversation ? approvalOf(method, params)?.asks : undefined
      if (asks !== undefined) resolve(asks)
      return undecided()
    },
    onGone: () => over.abort(),
  })
  try {
    const loaded = load(server, conversation, true).then(() => pause(repeatsMs, over.signal))
    return await Promise.race([asked, loaded.then(() => undefined)])
  } finally {
    over.abort()
    signal.removeEventListener('abort', close)
    await server.close()
  }
}
