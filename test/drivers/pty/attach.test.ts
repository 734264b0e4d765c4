import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { endGroup, isRunning } from '../../../src/drivers/process/process.ts'
import type { PtySettings } from '../../../src/drivers/pty/settings.ts'
import type { Platform, Terminal } from '../../../src/platform/platform.ts'
import { eventually, noTerminals } from '../../support/terminal.ts'

const skip = noTerminals ?? false
const main = fileURLToPath(new URL('../../fixtures/run.ts', import.meta.url))

function scratch(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'attach-'))
  t.after(async () => {
    const { holderPid, childPid, childStart } = settingsIn(dir)
    if (await isRunning({ pid: childPid, start: childStart })) await endGroup(childPid, 1000, ['SIGHUP'])
    await eventually(
      async () => !(await isRunning({ pid: holderPid, start: settingsIn(dir).holderStart })),
      'the holder is gone',
    )
    rmSync(dir, { recursive: true, force: true })
  })
  return dir
}

const settingsIn = (dir: string): PtySettings => JSON.parse(readFileSync(join(dir, 'settings'), 'utf8'))

/** `postern run` as in a script: no terminal anywhere. */
async function runPiped(dir: string, mode: 'run' | 'detach', ...command: readonly string[]) {
  const child = spawn(process.execPath, [main, dir, mode, ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { out, err, code: await code }
}

interface Seat {
  readonly terminal: Terminal
  shown(): string
  readonly ended: Promise<{ readonly exitCode?: number; readonly signal?: string }>
}

/** `postern run` as a person starts it, in a terminal. */
async function runSeated(dir: string, ...command: readonly string[]): Promise<Seat> {
  const { bunPlatform } = (await import('../../../src/platform/bun.ts')) as { bunPlatform: Platform }
  const decoder = new TextDecoder()
  const ended = Promise.withResolvers<{ exitCode?: number; signal?: string }>()
  let shown = ''
  const terminal = bunPlatform.openTerminal?.({
    command: [process.execPath, main, dir, 'run', ...command],
    cwd: dir,
    env: Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value ?? ''])),
    columns: 100,
    rows: 30,
    onData: (bytes) => {
      shown += decoder.decode(bytes, { stream: true })
    },
    onExit: ended.resolve,
  })
  assert.ok(terminal)
  return { terminal, shown: () => shown, ended: ended.promise }
}

test('run in a pipe brings all output and the exit code', { skip }, async (t) => {
  const { out, code } = await runPiped(scratch(t), 'run', 'sh', '-c', 'seq 1 5000; exit 3')
  assert.equal(out, Array.from({ length: 5000 }, (_, i) => `${i + 1}\r\n`).join(''))
  assert.equal(code, 3)
})

test('run in a pipe says which signal ended it, as a shell does', { skip }, async (t) => {
  assert.equal((await runPiped(scratch(t), 'run', 'sh', '-c', 'kill -KILL $$')).code, 137)
})

test('run in a pipe without input goes on until its program ends', { skip }, async (t) => {
  const { out, code } = await runPiped(
    scratch(t),
    'run',
    'sh',
    '-c',
    'sleep 0.5; tty > /dev/null && echo has a terminal',
  )
  assert.equal(out, 'has a terminal\r\n')
  assert.equal(code, 0)
})

test("a detached run holds none of its caller's pipes", { skip }, async (t) => {
  const dir = scratch(t)
  const { out, code } = await runPiped(dir, 'detach', 'cat')
  assert.equal(out, '')
  assert.equal(code, 0)
  const { holderPid, holderStart } = settingsIn(dir)
  assert.ok(await isRunning({ pid: holderPid, start: holderStart }))
})

test('a person types into the program, ^C reaches it, and its code comes back', { skip }, async (t) => {
  const dir = scratch(t)
  const seat = await runSeated(
    dir,
    'bash',
    '-c',
    'trap "echo caught; exit 5" INT; read -r line; echo "got: $line"; while :; do sleep 0.1; done',
  )
  await eventually(() => seat.shown().includes('\x1b[2J'), 'the screen is painted')
  seat.terminal.write('hello\r')
  await eventually(() => seat.shown().includes('got: hello'), 'it answered')
  seat.terminal.write('\x03')
  assert.deepEqual(await seat.ended, { exitCode: 5 })
  assert.match(seat.shown(), /caught/)
})

test('the program sees the size of the terminal and its changes', { skip }, async (t) => {
  const dir = scratch(t)
  const seat = await runSeated(
    dir,
    'bash',
    '-c',
    'trap "stty size" WINCH; stty size; while :; do sleep 0.1; done',
  )
  await eventually(() => seat.shown().includes('30 100'), 'it has the size')
  seat.terminal.resize(90, 25)
  await eventually(() => seat.shown().includes('25 90'), 'it has the new size')
})

test('Ctrl-\\ detaches, restores the terminal, and the program goes on', { skip }, async (t) => {
  const dir = scratch(t)
  const seat = await runSeated(dir, 'sh', '-c', 'printf "\\033[?1049h\\033[?2004hready"; cat')
  await eventually(() => seat.shown().includes('ready'), 'it is up')
  seat.terminal.write('\x1c')
  assert.deepEqual(await seat.ended, { exitCode: 0 })
  assert.match(seat.shown(), /"detached"/)
  for (const calm of ['\x1b[?1049l', '\x1b[?2004l', '\x1b[?25h']) assert.ok(seat.shown().includes(calm), calm)
  const { childPid, childStart } = settingsIn(dir)
  assert.ok(await isRunning({ pid: childPid, start: childStart }))
})

test('a terminal that is closed leaves the program running', { skip }, async (t) => {
  const dir = scratch(t)
  const seat = await runSeated(dir, 'sh', '-c', 'echo ready; cat')
  await eventually(() => seat.shown().includes('ready'), 'it is up')
  process.kill(seat.terminal.pid, 'SIGHUP')
  await seat.ended
  const { childPid, childStart } = settingsIn(dir)
  assert.ok(await isRunning({ pid: childPid, start: childStart }))
})
