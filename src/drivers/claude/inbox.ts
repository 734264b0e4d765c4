import { connect } from 'node:net'

/** The inbox of one Claude Code, and the token that lets a message in; undefined where it wants none. */
interface Inbox {
  readonly socket: string
  readonly token: string | undefined
}

interface InboxMessage {
  /** Written into the transcript beside the message. */
  readonly messageId: string
  readonly text: string
}

/**
 * `read`: Claude Code has taken the line from its socket. `unread`: it may still. Neither means that the message
 * was accepted.
 */
type Posted =
  | { readonly kind: 'read' | 'unread' }
  /** Nothing of the message was sent. */
  | { readonly kind: 'unreachable'; readonly why: string }

/**
 * Sends a message, or none: then the result only shows whether Claude Code reads. Resolves when the other side is
 * done with what was written, or `signal` aborts. The protocol is not documented; seen in 2.1.332.
 */
export function post(inbox: Inbox, message: InboxMessage | undefined, signal: AbortSignal): Promise<Posted> {
  const socket = connect(inbox.socket)
  return new Promise<Posted>((resolve) => {
    let written = false
    const unread = () => resolve({ kind: 'unread' })
    signal.addEventListener('abort', unread)
    socket.once('connect', () => {
      written = true
      socket.end(linesOf(inbox, message))
    })
    socket.on('error', (error) => resolve(written ? { kind: 'unread' } : unreachable(error)))
    // It ends its side only when it has read all of ours.
    socket.once('end', () => resolve({ kind: 'read' }))
    socket.resume()
    if (signal.aborted) unread()
    // Whatever the other side has not read yet stays readable: only our end is closed.
  }).finally(() => socket.destroySoon())
}

const unreachable = (error: Error): Posted => ({ kind: 'unreachable', why: error.message })

/**
 * `later`: as a turn of its own after whatever runs. Any other priority is put into a running turn at its next tool
 * call, and then has no turn of its own.
 */
function linesOf({ token }: Inbox, message: InboxMessage | undefined): string {
  const auth = token === undefined ? [] : [{ type: 'auth', token }]
  const user = message && {
    type: 'user',
    msgV: 1,
    msg_id: message.messageId,
    priority: 'later',
    message: { role: 'user', content: message.text },
  }
  return [...auth, ...(user ? [user] : [])].map((line) => `${JSON.stringify(line)}\n`).join('')
}
