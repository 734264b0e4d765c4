import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { DeliveryId } from '../../src/domain/delivery.ts'
import { draftOf } from '../support/drafts.ts'
import { currentPlatform } from '../support/platform.ts'
import { inScratch, openScratchStore } from '../support/scratch-store.ts'

const recorder = fileURLToPath(new URL('../fixtures/recorder.ts', import.meta.url))
const rounds = 6

it('what was acknowledged is there after kill -9, while another process writes', {
  timeout: 60_000,
}, async () => {
  await inScratch(async (dir) => {
    const path = join(dir, 'postern.db')
    const promised: DeliveryId[] = []
    for (let round = 0; round < rounds; round++) {
      const beside = await openScratchStore(path)
      promised.push(...(await killedWhileRecording(path, 200 * (round + 1), beside.recordDelivery)))
      await beside.close()
    }
    const store = await openScratchStore(path)
    const stored = new Set((await store.listDeliveries({ limit: 1_000_000 })).map(({ id }) => id))
    assert.deepEqual(
      promised.filter((id) => !stored.has(id)),
      [],
    )
    assert.ok(promised.length > rounds * 100, `only ${promised.length} were promised`)
    assert.equal((await store.counts()).deliveries.PENDING, stored.size)
    const database = (await currentPlatform()).openDatabase(path)
    assert.equal(Object.values(database.prepare('PRAGMA integrity_check').get() ?? {})[0], 'ok')
    database.close()
    await store.close()
  })
})

/** Kills it when so many ids were read; resolves with every whole id that it had printed. */
async function killedWhileRecording(
  path: string,
  enough: number,
  recordBeside: (
    draft: ReturnType<typeof draftOf>,
  ) => Promise<{ readonly delivery: { readonly id: DeliveryId } }>,
): Promise<readonly DeliveryId[]> {
  const runs = process.versions.bun ? ['run'] : ['run', '-A', '--no-check']
  const child = spawn(process.execPath, [...runs, recorder, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const mine: DeliveryId[] = []
  let printed = ''
  for await (const bytes of child.stdout) {
    printed += bytes
    if (mine.length < 20) mine.push((await recordBeside(draftOf())).delivery.id)
    if (printed.split('\n').length > enough) child.kill('SIGKILL')
  }
  return [...mine, ...(printed.split('\n').slice(0, -1) as DeliveryId[])]
}
