import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What stands before several doors: each request goes to the next of them. */
export async function startBalancer(targets: readonly string[]) {
  let turn = 0
  const server: Server = createServer((incoming, outgoing) => {
    const target = targets[turn++ % targets.length] ?? ''
    const { method, headers, url = '' } = incoming
    const passing = request(`${target}${url}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    passing.on('error', () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end()))
    outgoing.on('close', () => passing.destroy())
    incoming.pipe(passing)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
