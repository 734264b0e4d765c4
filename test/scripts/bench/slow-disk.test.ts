import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { buildSlowDisk, delaySeconds } from '../../../scripts/bench/slow-disk.ts'
import { noPreload } from '../../support/preload.ts'

const commits = 5
/** As a store commits: each into the write-ahead log, and on disk before it returns. Prints how long they took. */
const program = `
  import { Database } from 'bun:sqlite'
  const database = new Database('store.db')
  database.run('PRAGMA journal_mode = WAL')
  database.run('PRAGMA synchronous = FULL')
  database.run('CREATE TABLE t (n INTEGER)')
  const startedAt = performance.now()
  for (let n = 0; n < ${commits}; n++) database.run('INSERT INTO t VALUES (?)', [n])
  console.log(performance.now() - startedAt)
`

test('the slow disk delays every commit by at least its time', { skip: noPreload }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-slow-disk-'))
  try {
    const env = { ...process.env, LD_PRELOAD: await buildSlowDisk(folder) }
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
      cwd: folder,
      env,
      encoding: 'utf8',
    })
    assert.ok(Number(stdout) >= commits * delaySeconds * 1000, stdout + stderr)
  } finally {
    await rm(folder, { recursive: true })
  }
})
