import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { countedKnocks } from './fleet-knocks.ts'
import { adminToken, until } from './hooks.ts'

// Senders that knock at sessions of many machines while these are killed and cut off, and what must hold afterwards.

/** A machine whose sessions each write down what they get, a line a message, in a file of its folder. */
export interface Place {
  readonly folder: string
  readonly sessions: readonly string[]
}

export const sessionsOf = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${name}-${i}`)

/** Of a configuration: these sessions, for a machine with that folder. */
export const declaredIn = (folder: string, sessions: readonly string[]) => ({
  declared: Object.fromEntries(
    sessions.map((id) => {
      const script = `text=$(cat); printf '%s\\n' "$text" >> ${join(folder, `${id}.got`)}`
      return [id, { driver: 'command', settings: { command: ['sh', '-c', script] } }]
    }),
  ),
})

function gotBy(folder: string, session: string): readonly string[] {
  const file = join(folder, `${session}.got`)
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
}

interface LoadDeps {
  /** Where a door answers; any of them does. */
  readonly urls: readonly string[]
  /** Whose admin token all of them have. */
  readonly home: string
  readonly places: readonly Place[]
  readonly senders: number
  readonly betweenMs: number
  /** How long everything may take to be settled at the end, and to be there at the beginning. */
  readonly patienceMs?: number
}

interface Listed {
  readonly id: string
  readonly message: string
  readonly state: string
  readonly attempts: number
}

const isOver = (state: string): boolean => state === 'DELIVERED' || state === 'FAILED'

/** Begins to send, once every session is open. */
export async function startLoad({ urls, home, places, senders, betweenMs, patienceMs = 120_000 }: LoadDeps) {
  const admin = { authorization: `Bearer ${await adminToken(home)}` }
  const sessions = places.flatMap((one) => one.sessions)
  let turn = 0
  const anyUrl = () => urls[turn++ % urls.length] ?? ''
  const api = async <T>(path: string, method = 'GET', body?: object): Promise<T> => {
    const response = await fetch(`${anyUrl()}/api/${path}`, {
      method,
      headers: { ...admin, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    assert.ok(response.ok, text)
    return JSON.parse(text) as T
  }
  const areOpen = async () => {
    const open = await api<readonly { readonly id: string; readonly host: string | null }[]>('sessions')
    return open.filter(({ host, id }) => host && sessions.includes(id)).length === sessions.length
  }
  await until('every session is open', areOpen, patienceMs)
  const grants = new Map<string, { readonly id: string; readonly path: string }>()
  for (const session of sessions) {
    const { grantId, webhook } = await api<{ readonly grantId: string; readonly webhook: string }>(
      'grants',
      'POST',
      { session },
    )
    grants.set(session, { id: grantId, path: new URL(webhook).pathname })
  }
  const sent: { readonly session: string; readonly message: string }[] = []
  /** When each grant was revoked, by the end of that request. */
  const revoked = new Map<string, number>()
  let over = false

  const knocks = countedKnocks()
  const knockOnce = async (session: string, message: string) => {
    const began = performance.now()
    const answer = await knocks.knock({ url: `${anyUrl()}${grants.get(session)?.path}`, session, message })
    if (answer === 'taken')
      assert.ok(began < (revoked.get(session) ?? Number.POSITIVE_INFINITY), `taken after the end: ${message}`)
    return answer
  }
  const send = async (sender: number) => {
    for (let n = 0; !over; n++) {
      const session = sessions[(n * senders + sender * 7) % sessions.length] ?? ''
      const message = `sender ${sender} message ${n}`
      for (;;) {
        const answer = await knockOnce(session, message)
        if (answer === 'taken') sent.push({ session, message })
        if (answer !== 'again') break
        await pause(100)
      }
      await pause(betweenMs)
    }
  }
  const sending = Array.from({ length: senders }, (_, sender) => send(sender))
  const all = new Map<string, Listed>()

  const nothingIn = async (state: string) =>
    (await api<readonly Listed[]>(`deliveries?limit=1&state=${state}`)).length === 0
  const settleAll = async () => {
    const areOver = async () => (await nothingIn('PENDING')) && (await nothingIn('RETRY'))
    await until('everything is settled', areOver, patienceMs).catch(() => {})
    for (const session of sessions)
      for (const one of await api<readonly Listed[]>(`deliveries?limit=1000&session=${session}`))
        all.set(one.message, one)
  }

  const checkSession = ({ folder }: Place, session: string) => {
    const got = gotBy(folder, session)
    const taken = sent.filter((one) => one.session === session).map(({ message }) => message)
    // What waits for a grant that is revoked fails.
    const failed = taken.filter((message) => all.get(message)?.state === 'FAILED')
    assert.ok(failed.length === 0 || revoked.has(session), `${failed.join(', ')} failed`)
    const wanted = taken.filter((message) => !failed.includes(message))
    assert.deepEqual(
      wanted.filter((message) => !got.includes(message)),
      [],
      session,
    )
    for (const message of new Set(got)) {
      const count = got.filter((one) => one === message).length
      assert.ok(count <= (all.get(message)?.attempts ?? 0), `${message} came ${count} times`)
    }
    for (let sender = 0; sender < senders; sender++) {
      // What comes a second time comes before the next.
      const own = got.filter((message) => message.startsWith(`sender ${sender} `))
      const numbers = own.map((message) => Number(message.split(' ').at(-1)))
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
        `${session} of sender ${sender}`,
      )
    }
  }

  return {
    sent,
    revoke: async (index: number) => {
      const session = sessions[index % sessions.length] ?? ''
      await until(`${session} is revoked`, () =>
        api(`grants/${grants.get(session)?.id}`, 'DELETE').catch(() => undefined),
      )
      revoked.set(session, performance.now())
    },
    /** Sends no more, waits until nothing is under way, and asserts that nothing was lost, mixed up or sent again without a word. */
    check: async (least: number) => {
      over = true
      await Promise.all(sending)
      await settleAll()
      assert.deepEqual(
        [...all.values()].filter(({ state }) => !isOver(state)),
        [],
      )
      assert.deepEqual(
        sent.filter(({ message }) => !all.has(message)),
        [],
      )
      assert.ok(sent.length > least, `only ${sent.length} were sent: no load at all`)
      for (const { id, attempts } of all.values())
        if (attempts > 1) assert.match(JSON.stringify(await api(`deliveries/${id}`)), /unknown/, id)
      for (const place of places) for (const session of place.sessions) checkSession(place, session)
      const twice = [...all.values()].filter(({ attempts }) => attempts > 1).length
      console.log(`${sent.length} messages, ${twice} of them sent again, ${revoked.size} grants revoked`)
      console.log(knocks.report((message) => all.has(message)))
    },
    /** How often each message has arrived. */
    arrived: () => {
      const got = new Map<string, number>()
      for (const { folder, sessions } of places)
        for (const session of sessions)
          for (const message of gotBy(folder, session)) got.set(message, (got.get(message) ?? 0) + 1)
      return got
    },
    /** After `check`: one more message for each session, by hand, which all of them take. */
    probe: async () => {
      const send = (session: string) =>
        api('deliveries', 'POST', { session, message: `to ${session} at last` })
      await Promise.all(sessions.map(send))
      await settleAll()
      for (const { folder, sessions } of places)
        for (const session of sessions)
          assert.deepEqual(gotBy(folder, session).slice(-1), [`to ${session} at last`], session)
      const areLive = async () => {
        const there = await api<readonly { readonly id: string; readonly state: string }[]>('sessions')
        return (
          there.filter(({ id, state }) => state === 'live' && sessions.includes(id)).length ===
          sessions.length
        )
      }
      await until('every session is there', areLive, patienceMs)
    },
  }
}
