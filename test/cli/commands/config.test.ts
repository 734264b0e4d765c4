import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../../src/domain/error.ts'
import { cli, createWorld } from '../fake-io.ts'

describe('check and config', () => {
  it('check passes on warnings and fails on a broken configuration', async () => {
    const server = { host: '127.0.0.1', allowedHosts: [] }
    const config =
      (load: () => Promise<{ printable: unknown; warnings: string[]; server: typeof server }>) =>
      async () => ({
        file: 'f',
        schema: async () => ({}),
        load,
      })
    const warned = await cli(createWorld(), ['check'], {
      config: config(async () => ({ printable: {}, warnings: ['change the secret'], server })),
    })
    assert.deepEqual([warned.code, warned.stderr], [0, 'warning: change the secret\nf is good.\n'])
    const broken = await cli(createWorld(), ['check'], {
      config: config(async () => {
        throw new Failure('config_invalid', 'server.prot is unknown')
      }),
    })
    assert.deepEqual([broken.code, broken.stderr], [1, 'postern: server.prot is unknown\n'])
  })

  it('check does not call a file good that is not there', async () => {
    const { code, stderr } = await cli(createWorld(), ['check'], { modeOf: async () => undefined })
    assert.deepEqual([code, /^There is no .*: the defaults are good\.\n$/.test(stderr)], [0, true], stderr)
  })

  it('config schema and show print JSON', async () => {
    assert.deepEqual(JSON.parse((await cli(createWorld(), ['config', 'schema'])).stdout), { type: 'object' })
    assert.match((await cli(createWorld(), ['config', 'show'])).stdout, /7717/)
  })
})
