import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Connection } from '../../src/domain/driver.ts'
import type { HostName } from '../../src/domain/host.ts'
import type { ScreenSnapshot } from '../../src/domain/screen-snapshot.ts'
import type { Session } from '../../src/domain/session.ts'
import { abilitiesOf } from '../../src/link/ability.ts'
import { createHostRequests, type HostRequests } from '../../src/link/requests.ts'
import { createRequestServer } from '../../src/link/serve-requests.ts'
import { listenTo } from '../../src/store/postgres/listen.ts'
import { openRelay } from '../../src/store/postgres/relay.ts'
import { openStore } from '../../src/store/sqlite.ts'
import { build, noon, sessionCalled } from '../support/drafts.ts'
import { currentPlatform } from '../support/platform.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'

// Doors of one store, in one process, each with connections of its own to a real PostgreSQL.

const entry = new URL('../fixtures/store-thread.ts', import.meta.url).href
const skip = withoutPostgres()
let server: TestPostgres
const closing: (() => void)[] = []
before(async () => {
  if (!skip) server = await startPostgres()
})
afterEach(() => {
  for (const close of closing.splice(0)) close()
})
after(() => server?.stop())

const [doorA, doorB, laptop] = ['door-a', 'door-b', 'laptop'] as HostName[] as [HostName, HostName, HostName]

async function newStore(): Promise<string> {
  const url = server.newSchema()
  const store = await openStore({
    ...{ platform: await currentPlatform(), path: ':memory:', now: () => noon, role: 'server' },
    postgres: { url, entry },
  })
  await store.close()
  const rows = [doorA, doorB, laptop].map((name) => `('${name}', 1, '', 0, ${noon + 60_000})`)
  server.query(url, `INSERT INTO hosts (name, epoch, token_hash, created_at, alive_until) VALUES ${rows}`)
  return url
}

interface Door {
  readonly requests: HostRequests
  readonly isListening: () => boolean
  /** As if its process were killed. */
  readonly die: () => void
}

function openDoor(
  url: string,
  here: HostName,
  { agents, able }: Pick<Agent, 'agents' | 'able'> = nobody,
): Door {
  const relay = openRelay(url)
  const listener = listenTo({ url, sender: here, log: () => {} })
  const served = createRequestServer({ ...agents, answer: (answer) => requests.answer(here, answer) })
  const requests = createHostRequests({
    store: { claimDue: async () => [], nextDue: async () => undefined, listHosts: async () => [] },
    ...{ now: () => noon, leaseMs: 1000, pullSessions: async () => [] },
    doors: { relay, here, serve: served.serve },
  })
  const look = (to?: HostName) => void requests.look(to).catch(() => {})
  listener.whenRelayed(look)
  requests.able(here, able)
  const timer = setInterval(look, 1000)
  const die = () => {
    clearInterval(timer)
    listener.close()
    served.close()
    relay.close()
  }
  closing.push(die)
  return { requests, isListening: listener.isListening, die }
}

interface Agents {
  readonly findSession: () => Promise<Session | undefined>
  readonly connect: () => Connection | undefined
  readonly skills: () => Promise<readonly string[]>
}

const nobody = {
  agents: { findSession: async () => undefined, connect: () => undefined, skills: async () => [] },
  able: [],
}

/** One agent in a terminal that shows what it is told to show. */
function agentOn(host: HostName) {
  const session: Session = { ...sessionCalled(build), host }
  const cancelled: number[] = []
  let show: ((text: string) => void) | undefined
  const connection = {
    state: async () => ({ kind: 'busy', why: 'it works' }) as const,
    skills: async () => undefined,
    cancelTurn: async () => cancelled.push(performance.now()) > 0,
    watchScreen: (seen: (screen: ScreenSnapshot) => void, signal: AbortSignal) => {
      const { promise, resolve } = Promise.withResolvers<string>()
      show = (text) => seen(screenOf(text))
      signal.addEventListener('abort', () => {
        show = undefined
        resolve('nobody looks')
      })
      show('at first')
      return promise
    },
  } as unknown as Connection
  const agents: Agents = {
    findSession: async () => session,
    connect: () => connection,
    skills: async () => ['review', 'deploy'],
  }
  return {
    ...{ session, agents, cancelled },
    able: abilitiesOf([session], () => connection),
    isWatched: () => show !== undefined,
    show: (text: string) => show?.(text),
  }
}

type Agent = ReturnType<typeof agentOn>

const screenOf = (text: string): ScreenSnapshot => ({
  ...{ columns: 40, rows: 2, changedAt: noon },
  lines: [[{ text: 'prompt', width: 6 }], [{ text, width: text.length }]],
})

/** A machine that has joined: it asks whichever of these doors comes next. */
function joinWith({ agents, able }: Agent, doors: readonly Door[]) {
  let turn = 0
  const next = (): HostRequests => {
    turn += 1
    return (doors[turn % doors.length] as Door).requests
  }
  const over = new AbortController()
  const served = createRequestServer({ ...agents, answer: async (answer) => next().answer(laptop, answer) })
  const run = async () => {
    while (!over.signal.aborted) {
      const door = next()
      door.able(laptop, able)
      const { requests } = await door.claim(laptop, { limit: 0, waitMs: 300, holding: [] }, over.signal)
      for (const request of requests) served.serve(request)
    }
  }
  void run()
  closing.push(() => {
    served.close()
    over.abort()
  })
}

async function until(what: string, isSo: () => boolean, withinMs = 10_000): Promise<number> {
  const begun = performance.now()
  while (!isSo()) {
    assert.ok(performance.now() - begun < withinMs, `${what} took longer than ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return performance.now() - begun
}

function connectionOf(door: Door, session: Session): Connection {
  const connection = door.requests.connection(session)
  assert.ok(connection)
  return connection
}

/** Until that door knows what the agent can do. */
const untilKnown = async (door: Door, session: Session) => {
  await until('listening', door.isListening)
  await until('knowing', () => connectionOf(door, session).cancelTurn !== undefined)
}

const soon = () => AbortSignal.timeout(4000)

describe('what a door asks about agents elsewhere', { skip, timeout: 120_000 }, () => {
  for (const { title, doorsOf } of [
    { title: 'a host that is connected to another door', doorsOf: (a: Door) => [a] },
    { title: 'a host behind a balancer, at another door each time', doorsOf: (a: Door, b: Door) => [a, b] },
  ])
    it(`is answered by ${title}`, async () => {
      const url = await newStore()
      const agent = agentOn(laptop)
      const [a, b] = [openDoor(url, doorA), openDoor(url, doorB)]
      joinWith(agent, doorsOf(a, b))
      await untilKnown(b, agent.session)
      const asked = connectionOf(b, agent.session)
      for (let i = 0; i < 3; i++) {
        assert.deepEqual(await asked.state(soon()), { kind: 'busy', why: 'it works' })
        assert.deepEqual(await asked.skills(soon()), ['review', 'deploy'])
      }
      assert.equal(await asked.cancelTurn?.(), true)
      assert.equal(agent.cancelled.length, 1)
      const over = new AbortController()
      let seen = ''
      const watching = asked.watchScreen?.((screen) => {
        seen = String(screen.lines[1]?.[0]?.text)
      }, over.signal)
      await until('the first screen', () => seen === 'at first')
      for (const text of ['one', 'two', 'three']) {
        agent.show(text)
        await until(text, () => seen === text)
      }
      over.abort()
      await watching
      await until('looking away', () => !agent.isWatched())
      await until('fetching everything', () => server.query(url, 'SELECT count(*) FROM relayed') === '0')
    })

  it('is answered by the door whose agent it is, whose screen is seen at once', async () => {
    const url = await newStore()
    const agent = agentOn(doorA)
    const [a, b] = [openDoor(url, doorA, agent), openDoor(url, doorB)]
    await until('listening', () => a.isListening() && b.isListening())
    await untilKnown(b, agent.session)
    const asked = connectionOf(b, agent.session)
    const over = new AbortController()
    let seen = ''
    const watching = asked.watchScreen?.((screen) => {
      assert.equal(screen.lines[0]?.[0]?.text, 'prompt')
      seen = String(screen.lines[1]?.[0]?.text)
    }, over.signal)
    await until('the first screen', () => seen === 'at first')
    for (let i = 0; i < 10; i++) {
      agent.show(`line ${i}`)
      await until('a line', () => seen === `line ${i}`)
    }
    over.abort()
    assert.equal(await watching, 'nobody looks any more')
    await until('looking away', () => !agent.isWatched())
    assert.equal(await asked.cancelTurn?.(), true)
    assert.equal(agent.cancelled.length, 1)
  })

  it('ends where the door that watched is gone', async () => {
    const url = await newStore()
    const agent = agentOn(doorA)
    openDoor(url, doorA, agent)
    const b = openDoor(url, doorB)
    await untilKnown(b, agent.session)
    let seen = 0
    void connectionOf(b, agent.session).watchScreen?.(() => {
      seen += 1
    }, new AbortController().signal)
    await until('a screen', () => seen > 0)
    b.die()
    const begun = performance.now()
    while (agent.isWatched()) {
      assert.ok(performance.now() - begun < 20_000, 'it is watched still')
      agent.show(`${performance.now()}`)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  })

  it('is watched for as long as the door that shows it is there, however quiet it is', async () => {
    const url = await newStore()
    const agent = agentOn(doorA)
    const [a, b] = [openDoor(url, doorA, agent), openDoor(url, doorB)]
    await untilKnown(b, agent.session)
    let [shown, why] = [0, '']
    const show = () => {
      shown += 1
    }
    void connectionOf(b, agent.session)
      .watchScreen?.(show, new AbortController().signal)
      .then((end) => {
        why = end
      })
    await new Promise((resolve) => setTimeout(resolve, 14_000))
    assert.deepEqual([shown, why, agent.isWatched()], [1, '', true])
    a.die()
    await until('finding out', () => why === 'The host "door-a" does not answer.', 15_000)
  })

  it('is unreachable after 5 s where nobody answers, and not done later', async () => {
    const url = await newStore()
    const agent = agentOn(laptop)
    const [a, b] = [openDoor(url, doorA), openDoor(url, doorB)]
    await until('listening', b.isListening)
    a.requests.able(laptop, agent.able)
    await untilKnown(b, agent.session)
    const begun = performance.now()
    await assert.rejects(connectionOf(b, agent.session).cancelTurn?.() ?? Promise.resolve(), {
      code: 'unreachable',
      message: 'The host "laptop" does not answer.',
    })
    assert.ok(performance.now() - begun < 7000)
    const never = new AbortController().signal
    const why = await connectionOf(b, agent.session).watchScreen?.(() => {}, never)
    assert.equal(why, 'The host "laptop" does not answer.')
    joinWith(agent, [a])
    assert.equal((await connectionOf(b, agent.session).state(soon())).kind, 'busy')
    assert.deepEqual(agent.cancelled, [])
  })

  it('is thrown away after a minute, by whoever looks', async () => {
    const url = await newStore()
    openDoor(url, doorA)
    server.query(
      url,
      `INSERT INTO relayed (recipient, body, at) VALUES ('nobody', 'x', now() - interval '61 seconds'), ('other', 'x', now())`,
    )
    await until('throwing away', () => server.query(url, 'SELECT recipient FROM relayed') === 'other')
  })
})
