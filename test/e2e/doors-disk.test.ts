import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { atExit } from '../support/binary.ts'
import { type Door, knock, openDoor } from '../support/fleet.ts'
import { until } from '../support/hooks.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'
import { buildPreload, noPreload } from '../support/preload.ts'

// Two doors of one store while the disk of their database is full.

const skip = withoutPostgres() || noPreload
const config = {
  limits: { knocksPerMinute: 0, queuePerSession: 0 },
  retry: { baseSeconds: 0.2, capSeconds: 0.5 },
}
const ENOSPC = 28

/** A disk for files whose path has that in it: nothing is written there while it is full. */
function fillableDisk(on: string) {
  const dir = mkdtempSync(join(tmpdir(), 'postern-disk-'))
  atExit(() => rmSync(dir, { recursive: true, force: true }))
  // The server of the database runs as another user.
  chmodSync(dir, 0o777)
  const control = join(dir, 'faults')
  let serial = 0
  const order = (count: number) => {
    serial += 1
    writeFileSync(control, `${serial} write 0 ${count} ${ENOSPC}\n`)
  }
  order(0)
  const library = buildPreload('faults')
  chmodSync(dirname(library), 0o755)
  return {
    env: { LD_PRELOAD: library, POSTERN_FAULTS: control, POSTERN_FAULTS_ON: on },
    fill: () => order(1_000_000_000),
    empty: () => order(0),
  }
}

/** Which no server can make smaller. */
const noise = () => randomBytes(12_000).toString('base64')

/** What was answered 202, while `act` goes on. */
async function underLoad(doors: readonly Door[], path: string, act: () => Promise<void>) {
  const taken: string[] = []
  const seen = new Set<number>()
  let isOver = false
  const sending = doors.map(async ({ url }, sender) => {
    for (let n = 0; !isOver; n += 1) {
      // Long, so that tables have to grow.
      const message = `${sender} ${n} x${noise()}`
      const { status } = await knock(url + path, message).catch(() => ({ status: 0 }))
      seen.add(status)
      if (status === 202) taken.push(`${sender} ${n}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })
  try {
    await act()
  } finally {
    isOver = true
    await Promise.all(sending)
  }
  return { taken, seen }
}

const statusAt = async ({ url }: Door, path: string) =>
  (await knock(url + path, `one x${noise()}`).catch(() => ({ status: 0 }))).status

/** Each that was taken is there, once, and nothing was answered but that and 503. */
async function assertKept(door: Door, { taken, seen }: Awaited<ReturnType<typeof underLoad>>) {
  const stored = (await door.states()).map(({ message }) => message.split(' x')[0] ?? '')
  assert.deepEqual(
    taken.filter((message) => stored.filter((each) => each === message).length !== 1),
    [],
  )
  assert.deepEqual(
    [...seen].filter((status) => status !== 202 && status !== 503 && status !== 0),
    [],
  )
}

describe('a full disk', { skip, timeout: 200_000 }, () => {
  async function withPair(database: TestPostgres, act: (a: Door, b: Door, path: string) => Promise<void>) {
    const args = ['--store', database.newSchema()]
    const a = await openDoor({ config, args, name: 'door-a' })
    const b = await openDoor({ config, args, name: 'door-b', beside: a.home })
    try {
      await a.postern('session', 'add', 'box', '--driver', 'inbox')
      await act(a, b, new URL(await a.expose('box')).pathname)
    } finally {
      await a.server.stop()
      await b.server.stop()
    }
  }

  for (const [what, on] of [
    ['the tables of the database', '/data/base/'],
    ['the write-ahead log of the database', '/data/pg_wal/'],
  ] as const)
    it(`of ${what}: what is not stored is answered 503, and both go on when there is room`, async () => {
      const disk = fillableDisk(on)
      const database = await startPostgres([], () => {}, disk.env)
      await withPair(database, async (a, b, path) => {
        const load = await underLoad([a, b], path, async () => {
          await new Promise((resolve) => setTimeout(resolve, 500))
          disk.fill()
          for (const door of [a, b])
            await until('it refuses', async () => (await statusAt(door, path)) === 503)
          await new Promise((resolve) => setTimeout(resolve, 3000))
          disk.empty()
          // It may have ended itself, as it does where it cannot write its log.
          await database.start().catch(() => {})
          for (const door of [a, b])
            await until('it goes on', async () => (await statusAt(door, path)) === 202)
        })
        assert.ok(load.seen.has(202) && load.seen.has(503))
        await assertKept(a, load)
        for (const { url } of [a, b]) assert.equal((await fetch(`${url}/readyz`)).status, 200)
      })
      await database.stop()
    })
})
