import assert from 'node:assert/strict'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cli, type Served } from './binary.ts'

/** The shared secret of the tests' servers. */
export const secret = 'the-secret-of-these-tests-0123456789'

/** The admin token of a home that has been served. */
export const adminToken = async (home: string): Promise<string> =>
  (await readFile(join(home, 'keys/admin.token'), 'utf8')).trim()

/** Writes the configuration of a home the way editors do: a new file in the place of the old one. */
export function configure(home: string, document: unknown): void {
  const folder = join(home, 'preferences')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const text = typeof document === 'string' ? document : JSON.stringify(document, undefined, 2)
  writeFileSync(join(folder, 'webhooks.json.new'), text, { mode: 0o600 })
  renameSync(join(folder, 'webhooks.json.new'), join(folder, 'webhooks.json'))
}

/** Enabled webhooks with these hooks. */
export const hooks = (custom: Readonly<Record<string, unknown>> = {}) => ({
  webhooks: { enabled: true, secret, hooks: custom },
})

/** A session whose agent is a shell command: it gets the message on its standard input. */
export async function addCommand(
  home: string,
  session: string,
  script: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const args = ['session', 'add', session, '--driver', 'command', '--', 'sh', '-c', script]
  const { code, stderr } = await cli(args, { home, env })
  assert.equal(code, 0, stderr)
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; empty when it is none. */
  readonly body: Readonly<Record<string, unknown>>
}

type Body = string | Uint8Array<ArrayBuffer> | Readonly<Record<string, unknown>>

/** A webhook with the shared secret; a header that is set to nothing is left out. */
export async function post(
  url: string,
  body: Body,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const all = { 'content-type': 'application/json', authorization: `Bearer ${secret}`, ...headers }
  const response = await fetch(url, {
    method: 'POST',
    headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== '')),
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  })
  return answerOf(response)
}

export async function get(url: string, bearer: string): Promise<Answer> {
  return answerOf(await fetch(url, { headers: { authorization: `Bearer ${bearer}` } }))
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  const json = /json/.test(response.headers.get('content-type') ?? '')
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: json ? (JSON.parse(text) as Record<string, unknown>) : {},
  }
}

export interface Shown {
  readonly id: string
  readonly state: string
  readonly phase: string
  readonly session: string
  readonly failedStep: string | null
  readonly heldBecause: string | null
  readonly detail: string | null
  readonly message: string
  readonly answer: string | null
  readonly responseSchema: unknown
  readonly responseFits: boolean | null
  readonly attempts: number
  readonly events: readonly { readonly kind: string; readonly detail: string | null }[]
}

/** One delivery as the admin sees it. */
export async function show(home: string, id: unknown): Promise<Shown> {
  const { stdout, stderr } = await cli(['deliveries', 'show', String(id), '--json'], { home })
  assert.notEqual(stdout, '', stderr)
  return JSON.parse(stdout) as Shown
}

/** How many deliveries a home has: fewer than 1,000 where its server is asked, which starts no program. */
export async function countDeliveries(home: string, server?: Served): Promise<number> {
  if (!server) {
    const { stdout } = await cli(['deliveries', 'ls', '--json', '--limit', '10000'], { home })
    return (JSON.parse(stdout) as readonly unknown[]).length
  }
  const { length } = await asked<readonly unknown[]>(home, server, 'deliveries?limit=1000')
  assert.ok(length < 1000, 'more than one answer lists')
  return length
}

/** Also on a busy machine, where a program on Deno takes ten seconds to start. */
const patienceMs = 40_000

/**
 * The delivery once it is DELIVERED or FAILED. A server that waits tells of a hold at once, so it is asked again; what
 * its agent may still reply to, it waits for although the delivery is settled, so it is asked without a wait first.
 */
export async function settled(home: string, server: Served, id: unknown, ms = patienceMs): Promise<Shown> {
  let waitSeconds = 0
  const look = async () => {
    const shown = await seen(home, server, id, waitSeconds)
    waitSeconds = 1
    return shown.state === 'DELIVERED' || shown.state === 'FAILED' ? shown : undefined
  }
  return until(`${id} is settled`, look, ms)
}

/** The delivery as its server answers it, after that many seconds at the most: what `show` starts a program for. */
export const seen = (home: string, server: Served, id: unknown, waitSeconds = 0): Promise<Shown> =>
  asked(home, server, `deliveries/${id}?wait=${waitSeconds}`)

/** What `/api/<path>` answers the admin: what a command would start a program for, each time it is looked at. */
export async function asked<T>(home: string, { url }: Served, path: string): Promise<T> {
  const { status, text } = await get(`${url}/api/${path}`, await adminToken(home))
  assert.equal(status, 200, text)
  return JSON.parse(text) as T
}

/** Asks again and again until there is something, or something is so. */
export async function until<T>(
  what: string,
  look: () => T | false | undefined | Promise<T | false | undefined>,
  ms = patienceMs,
): Promise<T> {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`It did not happen in time: ${what}`)
}
