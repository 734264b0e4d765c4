import { Failure, reasonOf } from '../../../domain/error.ts'
import { isLoopback } from '../../../domain/loopback.ts'
import type { Call } from '../../command.ts'
import type { ProbeResult } from '../../context.ts'
import { bad, type Examination, type Finding, note, ok, opened } from './findings.ts'

export async function checkServer({ io, home }: Call): Promise<readonly Finding[]> {
  if ((await io.modeOf(home)) === undefined) return [note('not running', 'postern serve')]
  try {
    const server = await io.server(home)
    const { status, body } = await server.request('GET', '/readyz')
    return status === 200
      ? [ok(server.url), ...(isDeaf(body) ? [deaf] : [])]
      : [bad(`${server.url} answers ${status}`, 'read its log; start it again with: postern serve')]
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.code !== 'unreachable') throw thrown
    return [note('not running', 'postern serve')]
  }
}

const isDeaf = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'listening' in body && body.listening === false

const deaf: Finding = {
  ...note(
    'its database does not tell it what others write: it looks five times a second',
    'connect past the pooler, or let that keep a session: LISTEN of PostgreSQL needs one',
  ),
  about: 'store.deaf',
}

/** Whether a server of this home answers. */
export async function isServing({ io, home }: Call): Promise<boolean> {
  try {
    await (await io.server(home)).request('GET', '/healthz')
    return true
  } catch {
    return false
  }
}

const probeMs = 8000

/** Requested without credentials, through whatever proxy stands before the server. */
export async function checkPublicUrl({ io, home }: Call): Promise<readonly Finding[]> {
  const config = await io.config(home)
  const { host, publicUrl, allowedHosts } = (await config.load()).server
  if (publicUrl === undefined) return [withoutUrl(host, allowedHosts, config.file)]
  try {
    const probed = await io.probe(`${publicUrl}/healthz`, AbortSignal.timeout(probeMs))
    return [verdictOn(publicUrl, probed), ...plainText(publicUrl), ...drift(probed, io.now())]
  } catch (thrown) {
    return [
      {
        ...bad(
          `${publicUrl} cannot be reached from here: ${reasonOf(thrown)}`,
          'check its name, its port, the firewall and the reverse proxy',
        ),
        follows: true,
      },
    ]
  }
}

const isWildcard = (host: string): boolean => /^(?:0\.0\.0\.0|\[?::\]?)$/.test(host)

function withoutUrl(host: string, allowedHosts: readonly string[], file: string): Finding {
  if (isWildcard(host) && allowedHosts.length === 0)
    return bad(
      `it listens on ${host} but answers to loopback names alone: every other Host is refused`,
      `set server.publicUrl, or server.allowedHosts, in ${file}`,
    )
  return isLoopback(host)
    ? ok('none: capability URLs are for this machine')
    : note('none: capability URLs name the address it listens on', `set server.publicUrl in ${file}`)
}

/** Any body of Postern's, a refusal too, shows that the URL leads here. */
function verdictOn(url: string, { status, code, ours }: ProbeResult): Finding {
  if (code === 'host_not_allowed')
    return bad(
      `${url} arrives with another Host, which is refused`,
      'let the reverse proxy pass the Host on (nginx: proxy_set_header Host $host), or add the name it sends to server.allowedHosts',
    )
  if (ours) return ok(`${url} leads here`)
  return bad(
    `${url} answers ${status}, and it is not Postern that answers`,
    'point the reverse proxy at where the server listens; is the server running?',
  )
}

function plainText(url: string): readonly Finding[] {
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || isLoopback(hostname)
    ? []
    : [note(`${url} is not encrypted: whoever listens on the way can copy a capability URL`, 'use https')]
}

const driftMs = 60_000
const setClock = 'set the clock, and keep it: timedatectl set-ntp true'

function drift({ date }: ProbeResult, now: number): readonly Finding[] {
  if (date === undefined || Math.abs(now - date) < driftMs) return []
  const seconds = Math.round(Math.abs(now - date) / 1000)
  return [bad(`the clocks here and there differ by ${seconds} s`, setClock)]
}

/** No release is older: a clock that shows an earlier time has not been set. */
const earliest = Date.UTC(2026, 0, 1)

/** Expiry, retries and signatures of senders lean on the clock. */
export function checkClock(call: Examination): Promise<readonly Finding[]> {
  const now = call.io.now()
  const shown = new Date(now).toISOString()
  if (now < earliest) return Promise.resolve([bad(`it shows ${shown}`, setClock)])
  return opened(call, [ok(shown)], async ({ store }) => {
    const [sessions, grants, deliveries] = await Promise.all([
      store.listSessions(),
      store.listGrants({}),
      store.listDeliveries({ limit: 1 }),
    ])
    const times = [
      ...sessions.map(({ openedAt }) => openedAt),
      ...grants.map(({ createdAt }) => createdAt),
      ...deliveries.map(({ receivedAt }) => receivedAt),
    ]
    const newest = times.reduce((a, b) => Math.max(a, b), 0)
    return newest - now < driftMs
      ? [ok(shown)]
      : [bad(`it shows ${shown}, but what is stored is from ${new Date(newest).toISOString()}`, setClock)]
  })
}
