import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { acpDriver } from '../../../src/drivers/acp/driver.ts'
import { commandDriver } from '../../../src/drivers/command/driver.ts'

describe('discover', () => {
  it('finds programs on the PATH alone, each with what would add it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-path-'))
    try {
      for (const name of ['opencode', 'codex-acp', 'gemini', 'qwen']) await writeFile(join(folder, name), '')
      for (const name of ['opencode', 'codex-acp', 'qwen']) await chmod(join(folder, name), 0o755)
      await mkdir(join(folder, 'pi'))
      const env = { PATH: `:relative:${folder}:/no/such` }
      const place = { env, userHome: folder, reached: [], signal: AbortSignal.timeout(5000) }
      const needs = { env, skillDirs: () => [] }
      const found = await Promise.all(
        [acpDriver(needs), commandDriver(needs)].map((d) => d.discover?.(place)),
      )
      assert.deepEqual(
        found.flat().map((one) => `${one?.id} ${one?.live} ${one?.add.join(' ')}`),
        [
          'opencode false --driver acp -- opencode acp',
          'qwen false --driver acp -- qwen --acp',
          'codex false --driver acp -- codex-acp',
          'opencode false --driver command --preset opencode',
          'qwen false --driver command --preset qwen',
        ],
      )
      assert.ok(found.flat()[0]?.what.includes(join(folder, 'opencode')))
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
