import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
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

interface LoadDeps {
  /** Where a door answers; any of them does. */
  readonly urls: readonly string[]
  /** Whose admin token all of them have. */
  readonly home: string
  readonly places: readonly Place[]
  readonly senders: number
  readonly betweenMs: number
}

interface Listed {
  readonly id: string
  readonly message: string
  readonly state: string
  readonly attempts: number
}

const isOver = (state: string): boolean => state === 'DELIVERED' || state === 'FAILED'

/** Begins to send, once every session is open. */
export async function startLoad({ urls, home, places, senders, betweenMs }: LoadDeps) {
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
  await until('every session is open', async () => {
    const open = await api<readonly { readonly id: string; readonly host: string | null }[]>('sessions')
    return open.filter(({ host, id }) => host && sessions.includes(id)).length === sessions.length
  })
  const minted = sessions.map(async (session) => {
    const grant = await api<{ readonly grantId: string; readonly webhook: string }>('grants', 'POST', {
      session,
    })
    return [session, { id: grant.grantId, path: new URL(grant.webhook).pathname }] as const
  })
  const grants = new Map(await Promise.all(minted))
  const sent: { readonly session: string; readonly message: string }[] = []
  /** When each grant was revoked, by the end of that request. */
  const revoked = new Map<string, number>()
  let over = false

  const knockOnce = async (session: string, message: string): Promise<'taken' | 'refused' | 'again'> => {
    const began = performance.now()
    const response = await fetch(`${anyUrl()}${grants.get(session)?.path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=0', 'idempotency-key': message },
      body: JSON.stringify({ message }),
    }).catch(() => undefined)
    if (response?.status === 403) return 'refused'
    if (response?.status !== 202) return 'again'
    assert.ok(began < (revoked.get(session) ?? Number.POSITIVE_INFINITY), `taken after the end: ${message}`)
    return 'taken'
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

  const settleAll = () =>
    until(
      'everything is settled',
      async () => {
        const lists = await Promise.all(
          sessions.map((session) => api<readonly Listed[]>(`deliveries?limit=1000&session=${session}`)),
        )
        for (const one of lists.flat()) all.set(one.message, one)
        return lists.flat().every(({ state }) => isOver(state))
      },
      120_000,
    ).catch(() => {})

  const checkSession = ({ folder }: Place, session: string) => {
    const file = join(folder, `${session}.got`)
    const got = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
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
      const own = [...new Set(got)].filter((message) => message.startsWith(`sender ${sender} `))
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
    },
  }
}
