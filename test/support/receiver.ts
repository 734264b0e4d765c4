import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request that a receiver got. */
export interface Got {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Somebody who is told things over HTTP: below `/hang` it never answers. */
export interface Receiver {
  readonly url: string
  readonly got: Got[]
  /** Status of the next answers by path; the last one stays, and 200 where there is none. */
  readonly answers: Record<string, number[]>
  /** Resolves with the first request that fits, now or when it comes. */
  next(fits: (got: Got) => boolean): Promise<Got>
  close(): void
}

export async function openReceiver(): Promise<Receiver> {
  const got: Got[] = []
  let waiting: { readonly fits: (got: Got) => boolean; readonly resolve: (got: Got) => void }[] = []
  const receiver: Receiver = {
    url: '',
    got,
    answers: {},
    next: (fits) => {
      const found = got.find(fits)
      return found ? Promise.resolve(found) : new Promise((resolve) => waiting.push({ fits, resolve }))
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
  const server: Server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const one: Got = { path: request.url ?? '', headers: request.headers, body }
    got.push(one)
    for (const { fits, resolve } of waiting) if (fits(one)) resolve(one)
    waiting = waiting.filter(({ fits }) => !fits(one))
    if (one.path.startsWith('/hang')) return
    const [status = 200, ...rest] = receiver.answers[one.path] ?? []
    if (rest.length > 0) receiver.answers[one.path] = rest
    response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(receiver, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}
