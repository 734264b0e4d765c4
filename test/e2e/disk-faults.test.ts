import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { configure, until } from '../support/hooks.ts'
import { rounds } from '../support/long.ts'
import { buildPreload, noPreload } from '../support/preload.ts'

const [EIO, ENOSPC, SHORT] = [5, 28, 0]

/** What fails, and how; `skip` calls before it go well. */
const faults = [
  { op: 'write', error: ENOSPC, count: 40 },
  { op: 'sync', error: EIO, count: 1 },
  { op: 'write', error: SHORT, count: 6 },
  { op: 'any', error: EIO, count: 25 },
  { op: 'sync', error: ENOSPC, count: 30 },
  { op: 'write', error: EIO, count: 1 },
  { op: 'open', error: EIO, count: 3 },
  { op: 'truncate', error: EIO, count: 3 },
] as const

const mostSkipped = 12
const knocksAtOnce = 4

describe('a disk that fails', () => {
  const skip = noPreload
  it('takes nothing that was acknowledged, is answered 503 meanwhile, and is got over', {
    skip,
    timeout: 1_200_000,
  }, async () => {
    const home = await scratchHome()
    const disk = failingDisk(home)
    configure(home, { limits: { knocksPerMinute: 0, queuePerSession: 0 } })
    const { pathname } = new URL(
      (await cli(['expose', '--session', 'default', '--quiet'], { home })).stdout.trim(),
    )
    const seen = { taken: new Set<string>(), refused: new Set<string>(), statuses: new Set<number>() }
    let server = await serve(home, { env: disk.env })
    for (let round = 0; round < rounds(16, 400); round++) {
      const { op, error, count } = faults[round % faults.length] ?? faults[0]
      await disk.fail(op, (round * 5) % mostSkipped, count, error)
      await knockWhileFailing(`${server.url}${pathname}`, round, seen)
      if (round % 4 === 3) await server.kill9()
      await disk.mend()
      if (round % 4 === 3) server = await serve(home, { env: disk.env })
      await until('it is got over', async () => ((await isTaken(server, pathname)) ? true : undefined))
    }
    assert.equal(await server.stop(), 0)
    const stored = await storedMessages(home)
    assert.deepEqual(
      [...seen.taken].filter((message) => !stored.has(message)),
      [],
    )
    assert.ok((await disk.failed()) >= faults.length, 'the disk has hardly failed')
    assert.ok(seen.refused.size > 0 && seen.taken.size > 100, `${seen.refused.size} of ${seen.taken.size}`)
    assert.deepEqual(
      [...seen.statuses].filter((status) => status !== 202 && status !== 503),
      [],
    )
  })
})

interface Seen {
  readonly taken: Set<string>
  readonly refused: Set<string>
  readonly statuses: Set<number>
}

async function knockWhileFailing(url: string, round: number, seen: Seen): Promise<void> {
  const line = async (worker: number) => {
    for (let i = 0; i < 5; i++) {
      const message = `round ${round} line ${worker} knock ${i}`
      const response = await knock(url, message)
      seen.statuses.add(response.status)
      if (response.status === 202) seen.taken.add(message)
      else {
        assert.ok(
          Number(response.headers.get('retry-after')) >= 1,
          `${response.status} without Retry-After: ${await response.text()}`,
        )
        seen.refused.add(message)
      }
    }
  }
  await Promise.all(Array.from({ length: knocksAtOnce }, (_, worker) => line(worker)))
}

const knock = (url: string, message: string): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=0' },
    body: JSON.stringify({ message }),
  })

const isTaken = async (server: Served, pathname: string): Promise<boolean> =>
  (await knock(`${server.url}${pathname}`, 'well again')).status === 202

async function storedMessages(home: string): Promise<ReadonlySet<string>> {
  const { stdout } = await cli(['deliveries', 'ls', '--json', '--limit', '1000000'], { home })
  return new Set((JSON.parse(stdout) as { message: string }[]).map(({ message }) => message))
}

function failingDisk(home: string) {
  const control = join(home, '..', 'faults')
  let serial = 0
  return {
    env: {
      LD_PRELOAD: buildPreload('faults'),
      POSTERN_FAULTS: control,
      POSTERN_FAULTS_ON: 'postern.db',
    },
    fail: (op: string, skip: number, count: number, error: number) => {
      serial += 1
      return writeFile(control, `${serial} ${op} ${skip} ${count} ${error}\n`)
    },
    mend: () => writeFile(control, ''),
    failed: async () => (await readFile(`${control}.log`, 'utf8')).trimEnd().split('\n').length,
  }
}
