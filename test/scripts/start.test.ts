import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '../..')

test('start --once shows the knock on the screen, prints the links and leaves nothing', {
  timeout: 120_000,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'ps-'))
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/start.ts', '--once'], {
    cwd: root,
    env: { ...process.env, TMPDIR: folder },
    encoding: 'utf8',
    timeout: 100_000,
  })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /200 \{"status":"delivered"/)
  assert.match(stdout, /│ agent: I heard "\[ci\] deploy finished, look at the logs"/)
  assert.match(stdout, /curl -X POST http:\/\/127\.0\.0\.1:\d+\/hook\/ey/)
  for (const path of ['dashboard', 'docs', 'healthz'])
    assert.match(stdout, new RegExp(`http://127\\.0\\.0\\.1:\\d+/${path}`))
  assert.deepEqual(readdirSync(folder), [])
  rmSync(folder, { recursive: true })
})
