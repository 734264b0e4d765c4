import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  endGroup,
  identify,
  isRunning,
  signalGroup,
  startProgram,
} from '../../../src/drivers/process/process.ts'

const here = { cwd: process.cwd(), env: process.env }

test('identify tells one process from the next with its pid', async () => {
  const self = await identify(process.pid)
  assert.ok(self)
  assert.equal(await isRunning(self), true)
  assert.equal(await isRunning({ pid: self.pid, start: `${self.start}0` }), false)
})

test('identify knows nobody under a pid that cannot be', async () => {
  for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 30]) assert.equal(await identify(pid), undefined)
})

test('signalGroup never reaches beyond one group', () => {
  for (const pid of [1, 0, -1, -5, 1.5, Number.NaN]) assert.equal(signalGroup(pid, 0), false)
})

test('startProgram sets PWD beside the directory', async () => {
  const cwd = await realpath(await mkdtemp(join(tmpdir(), 'postern-process-')))
  try {
    const child = await startProgram(['/bin/sh', '-c', 'printenv PWD; pwd -P'], { cwd, env: process.env })
    child.stdin.end()
    child.stderr.resume()
    assert.equal(await textOf(child.stdout), `${cwd}\n${cwd}\n`)
  } finally {
    await rm(cwd, { recursive: true })
  }
})

test('startProgram says why a program cannot be started', async () => {
  const cases = [
    [['/nowhere/at-all'], here.cwd, /there is no such program/],
    [['/etc/passwd'], here.cwd, /may not be executed/],
    [['/bin/sh'], '/nowhere/at-all', /there is no folder \/nowhere\/at-all/],
    [[], here.cwd, /no command/],
  ] as const
  for (const [command, cwd, why] of cases) await assert.rejects(startProgram(command, { ...here, cwd }), why)
})

test('endGroup ends what a program left behind, also when it ignores SIGTERM', async () => {
  const script = "trap '' TERM; sleep 1000 & echo $!; wait"
  const child = await startProgram(['/bin/sh', '-c', script], here)
  child.stderr.resume()
  const exited = once(child, 'exit')
  const [line] = await once(child.stdout, 'data')
  const left = await identify(Number(String(line)))
  assert.ok(left)
  await endGroup(child.pid, 100)
  await exited
  assert.equal(await isRunning(left), false)
})

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}
