import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { it } from 'node:test'
import { doorClient } from '../../src/link/client.ts'
import { hello } from '../../src/link/hello.ts'
import { until } from '../support/hooks.ts'

it('hello names the address where a Postern answers, but no door at that path', async () => {
  const problem = { code: 'not_found', detail: 'There is nothing at this path.' }
  const server = createServer((_, response) => {
    response.writeHead(404, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/postern`
  const client = doorClient({ url, token: 'token' })
  try {
    await assert.rejects(
      hello(client),
      (thrown: { code?: unknown; message?: string }) =>
        thrown.code === 'not_found' && thrown.message?.startsWith(`No door answers at ${url}: `) === true,
    )
    await assert.rejects(client.post('call', {}), /There is nothing at this path\./)
  } finally {
    client.close()
    server.close()
  }
})

it('an https address where no TLS is spoken is said to be that', async () => {
  const server = createServer((_, response) => response.end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = doorClient({ url, token: 'token' })
  try {
    await assert.rejects(client.post('hello', {}), { code: 'unreachable', message: /speaks no TLS/ })
  } finally {
    client.close()
    server.closeAllConnections()
    server.close()
  }
})

it('leave lets go of what waits for an answer; what is posted then goes by another connection', async () => {
  const ports: number[] = []
  const server = createServer((request, response) => {
    ports.push(request.socket.remotePort ?? 0)
    if (request.url === '/api/host/hello') response.end('{"value":"here"}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = doorClient({ url, token: 'token' })
  try {
    await client.post('hello', {})
    const claim = client.post('claim', {})
    await until('it waits', () => ports.length === 2)
    client.leave()
    await assert.rejects(claim, { code: 'unreachable' })
    assert.equal(await client.post('hello', {}), 'here')
    assert.equal(await client.post('hello', {}, { apart: true }), 'here')
    const [first, waiting, after, apart] = ports
    assert.equal(first, waiting)
    assert.equal(new Set([waiting, after, apart]).size, 3)
  } finally {
    client.close()
    server.closeAllConnections()
    server.close()
  }
})
