import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { cli } from './binary.ts'
import { get, until } from './hooks.ts'

/** A decision as the API and `--json` show it. */
export interface ShownDecision {
  readonly id: string
  readonly session: string
  readonly title: string
  readonly detail: string
  readonly state: string
  readonly verdict: string | null
  readonly door: string | null
  readonly why: string | null
  readonly delivery: string | null
  /** ISO 8601. */
  readonly expiresAt: string
}

const fake = resolve(import.meta.dirname, '../fixtures/fake-acp-agent.mjs')

/** Where the fake agents of a home note what they were answered. */
const notesOf = (home: string): string => join(dirname(home), 'fake-acp')

/** A session whose agent asks three things for `TOOL:3`, and says so of its configuration unless it shall not. */
export async function addAsking(home: string, session: string, ...flags: readonly string[]): Promise<void> {
  const env = JSON.stringify({ FAKE_ACP_DIR: notesOf(home) })
  const args = ['session', 'add', session, '--driver', 'acp', ...flags, '--set', `env=${env}`]
  const { code, stderr } = await cli([...args, '--', 'node', fake], { home })
  assert.equal(code, 0, stderr)
}

/** A server, and its admin token. */
export interface AdminApi {
  readonly url: string
  readonly admin: string
}

export const openDecisions = async (
  { url, admin }: AdminApi,
  session: string,
): Promise<readonly ShownDecision[]> =>
  JSON.parse((await get(`${url}/api/decisions?open=yes&session=${session}`, admin)).text)

/** Sends the message by the API; resolves with what is asked in its turn, in the order of asking. */
export async function asked(
  api: AdminApi,
  session: string,
  message: string,
  count = 1,
): Promise<readonly ShownDecision[]> {
  const headers = { authorization: `Bearer ${api.admin}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ session, message })
  const sent = await fetch(`${api.url}/api/deliveries`, { method: 'POST', headers, body })
  assert.ok(sent.ok, await sent.text())
  return until(`${count} are open`, async () => {
    const open = await openDecisions(api, session)
    return open.length === count ? open.toReversed() : undefined
  })
}

/** Once no turn runs in the session any more. */
export const isIdle = ({ url, admin }: AdminApi, session: string) =>
  until(`${session} is idle`, async () => {
    const { text } = await get(`${url}/api/sessions/${session}`, admin)
    return JSON.parse(text).activity === 'idle' || undefined
  })

/** What the fake agents were answered so far. */
export async function answersIn(home: string): Promise<readonly { title: string; option: string }[]> {
  const text = await readFile(join(notesOf(home), 'decided.jsonl'), 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

/** What it was answered after the first `before` answers, once there are `count`: a door may answer before the agent has noted it. */
export const answeredAfter = (home: string, before: number, count: number) =>
  until(`${count} are answered`, async () => {
    const found = (await answersIn(home)).slice(before)
    return found.length >= count ? found : undefined
  })
