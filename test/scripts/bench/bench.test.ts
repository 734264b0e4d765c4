import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { withoutPostgres } from '../../support/postgres.ts'

const root = resolve(import.meta.dirname, '../../..')
const bench = (...args: string[]) =>
  spawnSync(process.execPath, ['scripts/bench.ts', ...args], { cwd: root, encoding: 'utf8' })
const latest = () => ['md', 'json'].map((type) => readFileSync(resolve(root, `bench/latest.${type}`), 'utf8'))

test('bench in its short form measures, says that it is short, and leaves bench/latest alone', () => {
  const before = latest()
  const { status, stdout, stderr } = bench('--short', '--only', 'starts')
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^The short form\. /)
  assert.match(stdout, /\| `postern expose`, whole process \| [\d.]+ ms \|/)
  assert.match(stdout, /\| start of `serve` with 5,000 deliveries that wait \| [\d.]+ ms \|/)
  assert.deepEqual(latest(), before)
})

const noFleet = withoutPostgres() || (spawnSync('wrk').error !== undefined && 'wrk is not installed')

test('bench measures doors on PostgreSQL beside one on SQLite', { skip: noFleet }, () => {
  const { status, stdout, stderr } = bench('--short', '--only', 'fleet')
  assert.equal(status, 0, stderr)
  assert.match(
    stdout,
    /\| durable knocks per second of one door on PostgreSQL, of those on SQLite \| [\d.]+ \| [\d.]+–[\d.]+ \|/,
  )
})

test('bench refuses a measurement that it does not know', () => {
  const { status, stderr } = bench('--only', 'everything')
  assert.equal(status, 1)
  assert.match(stderr, /no measurement "everything"; choose among slow-disk, /)
})

const notLinux = process.platform !== 'linux' && 'only Linux has /proc'

test('an interrupted bench leaves no process, no terminal and no file', { skip: notLinux }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-interrupted-'))
  try {
    const running = spawn(process.execPath, ['scripts/bench.ts', '--short', '--only', 'outcomes'], {
      cwd: root,
      env: { ...process.env, TMPDIR: folder },
      stdio: 'ignore',
    })
    const ended = new Promise((resolve) => running.once('exit', resolve))
    const isAgent = (command: string) => command.startsWith(process.execPath) && /fake-tui/.test(command)
    while (running.exitCode === null && !processesBelow(folder).some(isAgent)) await delay(20)
    running.kill('SIGTERM')
    assert.equal(await ended, 1)
    for (let looks = 0; looks < 100 && processesBelow(folder).length > 0; looks++) await delay(50)
    assert.deepEqual(processesBelow(folder), [])
    assert.deepEqual(readdirSync(folder), [])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

/** The command lines of all processes to which a folder was given by their environment. */
function processesBelow(folder: string): readonly string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder)) return []
      return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')]
    } catch {
      return []
    }
  })
}
