import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { startBalancer } from '../support/balancer.ts'
import type { Served } from '../support/binary.ts'
import { type Door, openDoor } from '../support/fleet.ts'
import { declaredIn, type Place, sessionsOf, startLoad } from '../support/fleet-load.ts'
import { configure } from '../support/hooks.ts'
import { rounds } from '../support/long.ts'
import { startPostgres, withoutPostgres } from '../support/postgres.ts'

const times = rounds(10, 150)
const [doorNames, hostNames] = [
  ['door-a', 'door-b', 'door-c'],
  ['one', 'two'],
] as const
const sessionsEach = 6
const senders = 5

/** A process that is killed now and then. */
interface Mortal extends Place {
  readonly again: () => Promise<Pick<Served, 'kill9' | 'stop'>>
  process: Pick<Served, 'kill9' | 'stop'>
}

/** A door with sessions of its own. */
async function doorWith(
  store: string,
  name: string,
  beside?: string,
): Promise<Mortal & { readonly door: Door }> {
  const door = await openDoor({ args: ['--store', store], name, ...(beside !== undefined && { beside }) })
  const [folder, sessions] = [join(door.home, '..'), sessionsOf(name, sessionsEach)]
  configure(door.home, { limits: { knocksPerMinute: 0 }, sessions: declaredIn(folder, sessions) })
  return { door, folder, sessions, again: door.again, process: door.server }
}

async function hostOf(door: Door, name: string, via: string): Promise<Mortal> {
  const { folder, home, again, process } = await door.host(name, via)
  const sessions = sessionsOf(name, sessionsEach)
  configure(home, { sessions: declaredIn(folder, sessions) })
  await process.stop()
  return { folder, sessions, again, process: await again() }
}

const anyOf = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)] ?? assert.fail()

describe('three doors of one store and two hosts, which are killed now and then, as is their database', () => {
  it('lose nothing that was answered 2xx, keep its order, and send again only what is shown as unknown', {
    skip: withoutPostgres(),
    timeout: 3_600_000,
  }, async () => {
    const database = await startPostgres()
    const store = database.newSchema()
    const [first, ...names] = doorNames
    const a = await doorWith(store, first)
    const doors = [a, ...(await Promise.all(names.map((name) => doorWith(store, name, a.door.home))))]
    const urls = doors.map(({ door }) => door.url)
    const balancer = await startBalancer(urls)
    const hosts = await Promise.all(hostNames.map((name) => hostOf(a.door, name, balancer.url)))
    const load = await startLoad({
      ...{ urls, home: a.door.home, places: [...doors, ...hosts] },
      ...{ senders, betweenMs: 150 },
    })
    const kill = async (one: Mortal) => {
      await one.process.kill9()
      await pause(300)
      one.process = await one.again()
    }
    const endBackend = async () => {
      database.query(
        store,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postern'
         ORDER BY random() LIMIT 2`,
      )
    }
    const crash = async () => {
      await database.crash()
      await database.start()
    }
    const troubles = [
      ...[() => kill(anyOf(doors)), endBackend, () => kill(anyOf(hosts)), () => kill(anyOf(doors))],
      ...[endBackend, crash],
    ]
    for (let round = 0; round < times; round++) {
      await pause(500 + Math.random() * 700)
      await troubles[round % troubles.length]?.()
      if (round % 3 === 1) await load.revoke(round * 11)
    }
    await pause(1000)
    await load.check(times * senders)
    for (const { process } of [...hosts, ...doors]) await process.stop()
    balancer.close()
    await database.stop()
  })
})
