import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { describe, it } from 'node:test'
import { commands } from '../../src/cli/index.ts'
import { cli, createWorld } from './fake-io.ts'

const env = { SOURCE_DATE_EPOCH: '1795996800' }

/** What `groff` makes of a page for a terminal, and what it complains of. */
const groff = (page: string) =>
  spawnSync('groff', ['-man', '-ww', '-b', '-Tutf8', '-P-cbou', '-rLL=200n'], {
    input: page,
    encoding: 'utf8',
  })

const skip = groff('').status !== 0 && process.env.CI !== 'true' && 'groff is not installed'

describe('postern man', () => {
  it('names every command, flag, argument and example of the table', { skip }, async () => {
    const { code, stdout } = await cli(createWorld(), ['man'], { env })
    assert.equal(code, 0)
    const shown = groff(stdout)
    assert.deepEqual([shown.status, shown.stderr], [0, ''])
    const text = shown.stdout.replace(/\s+/g, ' ')
    for (const { name, summary, flags = [], examples } of commands) {
      for (const part of [`postern ${name}`, summary, ...examples, ...flags.map((flag) => `--${flag.name}`)])
        assert.ok(text.includes(part.replace(/\s+/g, ' ')), `${name}: ${part}`)
    }
    assert.match(text, /-s, --session <id>/)
    assert.match(text, /EXIT STATUS 0 done 1 failed/)
  })

  it('is dated by SOURCE_DATE_EPOCH, else today', async () => {
    const firstLine = async (facts: object) =>
      (await cli(createWorld(), ['man'], facts)).stdout.split('\n')[0]
    assert.match((await firstLine({ env })) ?? '', /^\.TH POSTERN 1 2026-11-30 "postern 0\.1\.0" /)
    for (const wrong of ['', 'yesterday'])
      assert.match((await firstLine({ env: { SOURCE_DATE_EPOCH: wrong } })) ?? '', / 2026-11-22 /)
  })

  it('begins no line of text with what roff obeys', async () => {
    const { stdout } = await cli(createWorld(), ['man'])
    const macros = new Set(['TH', 'SH', 'SS', 'B', 'RI', 'PP', 'TP', 'RS', 'RE', 'nf', 'fi', 'ad', 'nh'])
    for (const line of stdout.split('\n')) {
      const [, macro] = /^[.'](\S*)/.exec(line) ?? []
      assert.ok(macro === undefined || macros.has(macro), line)
      assert.match(line, /^[\x20-\x7e]*$/)
    }
  })
})
