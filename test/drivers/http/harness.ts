import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import type { Connection, Driver, DriverTools } from '../../../src/domain/driver.ts'
import type { DriverSettings, Session, SessionId } from '../../../src/domain/session.ts'
import { httpDriver } from '../../../src/drivers/http/driver.ts'
import type { DriverHarness } from '../../suites/driver.ts'

/** An endpoint that notes what it gets and answers as it is told. */
export interface Endpoint {
  readonly url: string
  readonly requests: Got[]
  /** How the next requests are answered; an answer that is never given is a hung endpoint. */
  answer: (request: Got, response: ServerResponse) => void
  away(): Promise<void>
  back(): Promise<void>
}

export interface Got {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export async function openEndpoint(): Promise<Endpoint> {
  let port = 0
  const requests: Got[] = []
  const server = createServer((request, response) => void take(request, response))
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    const got = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') }
    requests.push(got)
    endpoint.answer(got, response)
  }
  const back = async () => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  }
  await back()
  const endpoint: Endpoint = {
    url: `http://127.0.0.1:${port}/messages`,
    requests,
    answer: json(200, { text: 'fine' }),
    away: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
    back,
  }
  return endpoint
}

export const json =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  (_request: Got, response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }

export const makeDriver = (env: Readonly<Record<string, string>> = {}): Driver =>
  httpDriver({
    env: { ...process.env, ...env },
    skillDirs: () => [],
  })

export async function connectTo(
  url: string,
  settings: DriverSettings = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Connection> {
  const driver = makeDriver(env)
  const session: Session = {
    id: 'bot' as SessionId,
    generation: '00c0ffee00c0ffee',
    driver: driver.kind,
    settings: await driver.prepare({ url, ...settings }, { cwd: '/' }),
    state: 'live',
    openedAt: 0,
  }
  const tools: DriverTools = { runDir: '/nowhere', now: () => 0, log: () => {}, remember: async () => {} }
  return driver.connect(session, tools)
}

export const httpHarness: DriverHarness = {
  name: 'http',
  delivery: 'push',
  ownsAgent: false,
  close: 'leaves',
  cannot: { die: 'an endpoint only goes away' },
  multiline: true,
  longestLine: Number.POSITIVE_INFINITY,
  turns: 'answer',
  start: async () => {
    const endpoint = await openEndpoint()
    let hung = false
    endpoint.answer = (request, response) => {
      if (!hung && !request.body.includes('take forever')) json(200, { text: 'fine' })(request, response)
    }
    return {
      connection: await connectTo(endpoint.url, { answerPointer: '/text' }),
      received: async () =>
        endpoint.requests
          .filter(({ body }) => body !== '')
          .map(({ body }) => (JSON.parse(body) as { message: string }).message),
      busyWith: 'take forever',
      hang: async () => {
        hung = true
      },
      goAway: endpoint.away,
      comeBack: endpoint.back,
      alive: async () => (await fetch(endpoint.url)).ok,
      stop: endpoint.away,
    }
  },
}
