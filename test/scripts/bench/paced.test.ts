import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { paced } from '../../../scripts/bench/paced.ts'

const get = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'

test('paced sends what it was asked for, and never two at once over one connection', async () => {
  let [atOnce, most, served] = [0, 0, 0]
  const server = createServer((_, response) => {
    most = Math.max(most, ++atOnce)
    setImmediate(() => {
      atOnce--
      served++
      response.end('ok')
    })
  })
  await listening(server, async (port) => {
    const latencies = await paced({ port, requests: [get], perSecond: 2000, seconds: 0.1, connections: 2 })
    assert.equal(latencies.length, 200)
  })
  assert.equal(served, 200)
  assert.ok(most <= 2)
})

async function listening(server: Server, act: (port: number) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await act((server.address() as AddressInfo).port)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}
