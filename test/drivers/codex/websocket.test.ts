import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcp, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type WebSocket, WebSocketServer } from 'ws'
import { openWebSocket, type SocketPlace } from '../../../src/drivers/codex/websocket.ts'
import { eventually } from '../../suites/driver.ts'

const patience = () => AbortSignal.timeout(20_000)

interface Server {
  readonly path: string
  readonly url: URL
  /** Of the last connection that was opened. */
  readonly authorization: () => string | undefined
}

/** Two addresses, a Unix socket and a port, of one server that greets and then answers as `on` says. */
async function withServer(
  on: (socket: WebSocket, message: string) => void,
  body: (server: Server) => Promise<void>,
) {
  const folder = await mkdtemp(join(tmpdir(), 'postern-websocket-'))
  // A path that no URL would hold.
  const path = join(folder, 'a b:c%20#?.sock')
  let authorization: string | undefined
  const accept = new WebSocketServer({ noServer: true })
  accept.on('connection', (socket) => {
    socket.send('welcome')
    socket.on('message', (data) => on(socket, String(data)))
  })
  const upgrading = () =>
    createServer().on('upgrade', (request, socket, head) => {
      authorization = request.headers.authorization
      if (request.url === '/away') socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
      else accept.handleUpgrade(request, socket, head, (opened) => accept.emit('connection', opened))
    })
  const [atPath, atPort] = [upgrading().listen(path), upgrading().listen(0, '127.0.0.1')]
  await Promise.all([once(atPath, 'listening'), once(atPort, 'listening')])
  const { port } = atPort.address() as AddressInfo
  try {
    await body({ path, url: new URL(`ws://127.0.0.1:${port}/`), authorization: () => authorization })
  } finally {
    for (const socket of accept.clients) socket.terminate()
    for (const server of [atPath, atPort]) server.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function openedTo(place: SocketPlace) {
  const [messages, closed]: [string[], string[]] = [[], []]
  const listeners = {
    onMessage: (message: string) => void messages.push(message),
    onClosed: (why: string) => void closed.push(why),
  }
  const client = await openWebSocket(place, listeners, patience())
  return { client, messages, closed }
}

const texts = ['', 'grün 🎉', 'x'.repeat(125), 'x'.repeat(126), 'x'.repeat(70_000)]

for (const way of ['path', 'url'] as const)
  test(`openWebSocket carries messages of every size both ways, by ${way}`, () =>
    withServer(
      (socket, message) => socket.send(message),
      async (server) => {
        const place = way === 'path' ? { path: server.path } : { url: server.url }
        const { client, messages, closed } = await openedTo(place)
        for (const text of texts) client.send(text)
        await eventually(async () => messages.length > texts.length, 'everything is back')
        assert.deepEqual(messages, ['welcome', ...texts])
        assert.equal(client.open(), true)
        client.close()
        await eventually(async () => closed.length === 1, 'it is closed')
        assert.equal(client.open(), false)
        client.send('into nothing')
      },
    ))

test('openWebSocket shows its token', () =>
  withServer(
    () => {},
    async ({ url, authorization }) => {
      const { client } = await openedTo({ url, token: 'open sesame' })
      assert.equal(authorization(), 'Bearer open sesame')
      client.close()
    },
  ))

test('openWebSocket joins a message in parts and gives up over one that is too long', () =>
  withServer(
    (socket, message) => {
      if (message === 'parts') {
        socket.send('in ', { fin: false })
        socket.ping()
        socket.send('parts', { fin: true })
      } else socket.send('x'.repeat(33_554_433))
    },
    async ({ path }) => {
      const { client, messages, closed } = await openedTo({ path })
      client.send('parts')
      await eventually(async () => messages.length === 2, 'it has both parts')
      client.send('too long')
      await eventually(async () => closed.length === 1, 'it is closed')
      assert.deepEqual(messages, ['welcome', 'in parts'])
      assert.match(closed[0] ?? '', /payload size/)
    },
  ))

test('openWebSocket tells once that the server has hung up', () =>
  withServer(
    (socket, message) => (message === 'close' ? socket.close() : socket.terminate()),
    async ({ path }) => {
      for (const how of ['close', 'terminate']) {
        const { client, closed } = await openedTo({ path })
        client.send(how)
        await eventually(async () => closed.length === 1, 'it is closed')
        assert.equal(client.open(), false)
      }
    },
  ))

test('openWebSocket rejects with why there is no connection', () =>
  withServer(
    () => {},
    async ({ path, url }) => {
      const nowhere = openedTo({ path: `${path}.none` })
      await assert.rejects(nowhere, (error: Error) => 'code' in error && error.code === 'ENOENT')
      await assert.rejects(openedTo({ url: new URL('/away', url) }), /answered 404/)
      const none = { onMessage: () => {}, onClosed: () => {} }
      await assert.rejects(openWebSocket({ path }, none, AbortSignal.abort()))
    },
  ))

const silentOrStrange: readonly (readonly [string, (socket: Socket, stop: AbortController) => void])[] = [
  ['a server of something else', (socket) => void socket.end('220 mail ready\r\n\r\n')],
  ['a server that hangs up', (socket) => void socket.destroy()],
  ['an abort before the answer', (_socket, stop) => stop.abort()],
]
for (const [title, connected] of silentOrStrange)
  test(`openWebSocket rejects after ${title}`, async () => {
    const stop = new AbortController()
    const server = createTcp((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => connected(socket, stop))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const none = { onMessage: () => {}, onClosed: () => {} }
    const url = new URL(`ws://127.0.0.1:${port}/`)
    await assert.rejects(openWebSocket({ url }, none, AbortSignal.any([stop.signal, patience()])), Error)
    server.close()
  })
