import { connect } from 'node:net'
import { body } from './wrk.ts'

// Run by latency.ts: crowd.ts <login link> <dashboards> <capability path> <callers>. Holds all of them open and prints a line.

const [link = '', dashboards = '0', path = '', callers = '0'] = process.argv.slice(2)
const { host, hostname, port } = new URL(link)

/** What one browser keeps open for its pages, and only that: nothing is fetched anew when a page has changed. */
const stream = (cookie: string) =>
  `GET /dashboard/events?of=/dashboard HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n\r\n`

const caller = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nPrefer: wait=240\r\nContent-Length: ${body.length}\r\n\r\n${body}`

async function logIn(): Promise<string> {
  const { headers } = await fetch(link, { redirect: 'manual' })
  const cookie = headers.getSetCookie()[0]?.split(';')[0]
  if (cookie === undefined) throw new Error('The login link gives no cookie.')
  return cookie
}

/** Resolves once the request is written; `refused` if an answer begins that is not 200. */
function hold(request: string): Promise<void> {
  return new Promise((written, refused) => {
    const socket = connect({ host: hostname, port: Number(port) }, () =>
      socket.write(request, () => written()),
    )
    socket.once('data', (answer) => {
      if (!`${answer}`.startsWith('HTTP/1.1 200')) fail(`${answer}`)
    })
    socket.on('data', () => {})
    socket.once('error', refused)
    socket.once('close', () => fail('A connection was closed.'))
  })
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}

const cookie = await logIn()
await Promise.all(Array.from({ length: Number(dashboards) }, () => hold(stream(cookie))))
await Promise.all(Array.from({ length: Number(callers) }, () => hold(caller)))
console.log('0')
