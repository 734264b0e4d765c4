import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cli, createWorld } from '../fake-io.ts'

describe('version', () => {
  for (const argv of [['version'], ['--version'], ['-V']])
    it(`postern ${argv.join(' ')}`, async () => {
      assert.equal((await cli(createWorld(), argv)).stdout, 'postern 0.1.0\n')
    })
  it('is an object with --json', async () => {
    const { stdout } = await cli(createWorld(), ['version', '--json'])
    assert.deepEqual(JSON.parse(stdout), { version: '0.1.0', runtime: 'test 1', target: 'linux-x64' })
  })
})
