import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BenchHome, pathOf } from './home.ts'
import { pingHealthz } from './paced.ts'
import { type Bench, inRounds, pause } from './plan.ts'
import { outputOf } from './server.ts'
import { percentile } from './stats.ts'
import { flood, warmUp } from './wrk.ts'

/** What slow-disk.c adds to every fsync. */
export const delaySeconds = 0.02

/**
 * Floods of a server whose every fsync takes 20 ms longer. Callers who each wait for their answer cannot store more
 * than connections / 20 ms, nor more than the same machine stores with its own disk.
 */
export async function slowDisk({ plan: { rounds, seconds }, home }: Bench) {
  const folder = await mkdtemp(join(tmpdir(), 'postern-slow-disk-'))
  try {
    await using fast = await home()
    await using slow = await home({ env: { LD_PRELOAD: await buildSlowDisk(folder) } })
    await warmUp(fast, pathOf(fast, 0))
    await warmUp(slow, pathOf(slow, 0))
    const rate = async (server: BenchHome, connections: number, round: number) =>
      (await flood(server, { path: pathOf(server, round), seconds, connections })).perSecond
    const share = async (connections: number, round: number) => {
      const limit = Math.min(connections / delaySeconds, await rate(fast, connections, round))
      return (await rate(slow, connections, round)) / limit
    }
    const measured = await inRounds(rounds, async (round) => {
      const flooding = rate(slow, 64, round)
      // Not while wrk begins.
      await pause(300)
      const pings = await pingHealthz(slow.port, 200, seconds - 0.5)
      await flooding
      return {
        p99: percentile(pings, 0.99),
        share64: await share(64, round),
        share512: await share(512, round),
      }
    })
    return {
      slowHealthz: measured.map(({ p99 }) => p99),
      slow64: measured.map(({ share64 }) => share64),
      slow512: measured.map(({ share512 }) => share512),
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A library for LD_PRELOAD. */
export async function buildSlowDisk(folder: string): Promise<string> {
  const library = join(folder, 'slow-disk.so')
  const source = join(import.meta.dirname, 'slow-disk.c')
  await outputOf('cc', ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', library, source, '-ldl'])
  return library
}
