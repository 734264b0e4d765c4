import { connect } from 'node:net'
import { body } from './wrk.ts'

// Run by latency.ts: crowd.ts <login link> <dashboards> <capability path> <callers>. Holds all of them open and prints a line.

const [link = '', dashboards = '0', path = '', callers = '0'] = process.argv.slice(2)
const { host, hostname, port, origin } = new URL(link)

async function logIn(): Promise<string> {
  const { headers } = await fetch(link, { redirect: 'manual' })
  const cookie = headers.getSetCookie()[0]?.split(';')[0]
  if (cookie === undefined) throw new Error('The login link gives no cookie.')
  return cookie
}

/** As a browser does: follows one page, and fetches it anew when it has changed. */
function openDashboard(cookie: string): Promise<void> {
  const refresh = oneAtATime(async () => {
    const headers = { cookie, 'sec-fetch-dest': 'empty' }
    const response = await fetch(`${origin}/dashboard`, { headers })
    await response.text()
    if (!response.ok) fail(`A dashboard was answered ${response.status}.`)
  })
  const request = `GET /dashboard/events?of=/dashboard HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n\r\n`
  return hold(request, (text) => {
    if (text.includes('event: changed')) void refresh()
  })
}

const openCaller = (): Promise<void> =>
  hold(
    `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nPrefer: wait=240\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    () => fail('A caller was answered in place of waiting.'),
  )

/** Resolves once the request is written. The connection is to stay open until this process ends. */
function hold(request: string, onText: (text: string) => void): Promise<void> {
  return new Promise((written) => {
    const socket = connect({ host: hostname, port: Number(port) }, () =>
      socket.write(request, () => written()),
    )
    socket.on('data', (chunk) => onText(`${chunk}`))
    socket.once('error', (error) => fail(`${error}`))
    socket.once('close', () => fail('A connection was closed.'))
  })
}

/** What is asked for meanwhile is done once more. */
function oneAtATime(act: () => Promise<void>): () => Promise<void> {
  let [busy, again] = [false, false]
  return async () => {
    again = true
    if (busy) return
    busy = true
    while (again) {
      again = false
      await act()
    }
    busy = false
  }
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}

const cookie = await logIn()
await Promise.all(Array.from({ length: Number(dashboards) }, () => openDashboard(cookie)))
await Promise.all(Array.from({ length: Number(callers) }, openCaller))
console.log('0')
