import { connect } from 'node:net'

/** What came back over a socket of its own. */
export interface RawAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

interface RawPost {
  readonly url: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Posts them all at one instant, each over a socket of its own: every request but its last byte is there before the last byte of
 * any is sent, so that all of them are let in before one is stored.
 */
export async function postAtOnce(posts: readonly RawPost[]): Promise<readonly RawAnswer[]> {
  const begun = await Promise.all(posts.map(begin))
  return Promise.all(begun.map(({ finish }) => finish()))
}

async function begin({ url, body, headers = {} }: RawPost) {
  const { hostname, port, pathname, search } = new URL(url)
  const bytes = Buffer.from(body)
  const lines = [
    `POST ${pathname}${search} HTTP/1.1`,
    `host: ${hostname}:${port}`,
    'connection: close',
    `content-length: ${bytes.length}`,
    ...Object.entries({ 'content-type': 'application/json', prefer: 'wait=0', ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    ),
  ]
  const socket = connect(Number(port), hostname)
  const chunks: Uint8Array[] = []
  socket.on('data', (chunk: Uint8Array) => chunks.push(chunk))
  const ended = new Promise<void>((resolve, reject) => {
    socket.once('end', resolve)
    socket.once('error', reject)
  })
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  const request = Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), bytes])
  await new Promise((resolve) => socket.write(request.subarray(0, -1), resolve))
  return {
    finish: async (): Promise<RawAnswer> => {
      socket.write(request.subarray(-1))
      await ended
      socket.destroy()
      return answerIn(Buffer.concat(chunks).toString('utf8'))
    },
  }
}

function answerIn(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
  return { status: Number(first.split(' ')[1]), headers, body: text.slice(end + 4) }
}
