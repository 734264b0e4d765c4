import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import type { Discovered } from '../../../src/domain/driver.ts'
import type { DriverSettings } from '../../../src/domain/session.ts'
import { discoverPanes } from '../../../src/drivers/tmux/discover.ts'
import { noTmux, openPaneBench, type PaneBench } from './harness.ts'

const skip = noTmux()

/** A script: tmux itself only sees its interpreter. */
const script = `printf '#!/bin/sh\\necho ready\\nread x\\n' > gemini; chmod +x gemini; exec ./gemini`

const discover = ({ folder }: PaneBench, TMUX: string, reached: readonly DriverSettings[] = []) => {
  const env = { PATH: process.env.PATH, TMUX_TMPDIR: folder, TMUX }
  return discoverPanes({ env, userHome: folder, reached, signal: AbortSignal.timeout(10_000) })
}

test('tmux discover finds panes with an agent in front', skip === undefined ? {} : { skip }, async () => {
  const bench = await openPaneBench(() => ['sh', '-c', script], 'ready')
  try {
    const own = `${bench.socket},${bench.serverPid},0`
    const [found, ...others] = await discover(bench, own)
    assert.deepEqual(others, [])
    assert.deepEqual(found, {
      what: `gemini in tmux pane ${bench.paneId} (agent:0.0), in ${bench.folder}`,
      live: true,
      way: 'typed',
      id: 'gemini',
      add: ['--driver', 'tmux', '--target', bench.paneId, '--set', 'agent=gemini'],
    } satisfies Discovered)
    const settings = await bench.driver.prepare(
      { target: bench.paneId, socket: bench.socket, agent: 'gemini' },
      { cwd: '/' },
    )
    const skills = join(bench.folder, '.gemini/skills/tidy')
    await mkdir(skills, { recursive: true })
    await writeFile(join(skills, 'SKILL.md'), 'Tidy up.')
    const known = await bench.connection.skills(AbortSignal.timeout(10_000))
    assert.deepEqual(known, ['tidy'], 'whose skills they are is seen as well')
    assert.deepEqual(await discover(bench, own, [settings]), [], 'it is reached already')
    assert.deepEqual(await discover(bench, `${bench.folder}/nobody,1,0`), [], 'no server there')
  } finally {
    await bench.remove()
  }
})
