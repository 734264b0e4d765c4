import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { startBalancer } from '../support/balancer.ts'
import type { Served } from '../support/binary.ts'
import { type Door, openDoor } from '../support/fleet.ts'
import { declaredIn, type Place, sessionsOf, startLoad } from '../support/fleet-load.ts'
import { attemptsMade, checkTables, tablesInWords } from '../support/fleet-tables.ts'
import { configure } from '../support/hooks.ts'
import { isLong, rounds } from '../support/long.ts'
import { startPostgres, withoutPostgres } from '../support/postgres.ts'

const times = rounds(10, 150)
const doorNames = ['door-a', 'door-b', 'door-c'] as const
const hostNames = isLong ? ['one', 'two', 'three', 'four'] : ['one', 'two']
/** 200 of them, or 30. */
const [sessionsOfDoor, sessionsOfHost] = isLong ? [28, 29] : [6, 6]
const senders = isLong ? 12 : 5
const patienceMs = isLong ? 900_000 : 120_000

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
  const [folder, sessions] = [join(door.home, '..'), sessionsOf(name, sessionsOfDoor)]
  configure(door.home, { limits: { knocksPerMinute: 0 }, sessions: declaredIn(folder, sessions) })
  return { door, folder, sessions, again: door.again, process: door.server }
}

async function hostOf(door: Door, name: string, via: string): Promise<Mortal> {
  const { folder, home, again, process } = await door.host(name, via)
  const sessions = sessionsOf(name, sessionsOfHost)
  configure(home, { sessions: declaredIn(folder, sessions) })
  await process.stop()
  return { folder, sessions, again, process: await again() }
}

const anyOf = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)] ?? assert.fail()

function twoOf<T>(all: readonly T[]): readonly [T, T] {
  const one = anyOf(all)
  return [one, anyOf(all.filter((other) => other !== one))]
}

describe('three doors of one store and their hosts, which are killed now and then, as is their database', () => {
  it('lose nothing that was answered 2xx, keep its order, and send again only what is shown as unknown', {
    skip: withoutPostgres(),
    timeout: 7_200_000,
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
      ...{ senders, betweenMs: 150, patienceMs },
    })
    let kills = 0
    const kill = async (one: Mortal) => {
      kills += 1
      await one.process.kill9()
      await pause(300)
      one.process = await one.again()
    }
    const killDoor = () => kill(anyOf(doors))
    const killHost = () => kill(anyOf(hosts))
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
    const killBoth = async () => {
      await Promise.all([killDoor(), killHost()])
    }
    const killTwo = async () => {
      const [one, other] = twoOf([...doors, ...hosts])
      await Promise.all([kill(one), kill(other)])
    }
    const troubles = [
      ...[killDoor, endBackend, killHost, killDoor, endBackend, crash],
      ...(isLong ? [killBoth, endBackend, killTwo] : []),
    ]
    for (let round = 0; round < times; round++) {
      await pause(500 + Math.random() * 700)
      await troubles[round % troubles.length]?.()
      if (round % 3 === 1) await load.revoke(round * 11)
      if (isLong) console.log(`round ${round + 1} of ${times}: ${load.sent.length} sent, ${kills} kills`)
    }
    await pause(1000)
    try {
      await load.check(times * senders)
      const made = attemptsMade(database, store)
      for (const [message, count] of load.arrived())
        assert.ok(count <= (made.get(message) ?? 0), `${message} came ${count} times`)
      await load.probe()
      console.log(`${kills} kills\n${tablesInWords(database, store)}`)
      checkTables(database, store)
    } catch (thrown) {
      const file = join(tmpdir(), `doors-crash-${Date.now()}.sql`)
      writeFileSync(file, database.dump(store))
      console.log(`The store as it was then: ${file}`)
      throw thrown
    }
    for (const { process } of [...hosts, ...doors]) await process.stop()
    balancer.close()
    await database.stop()
  })
})
