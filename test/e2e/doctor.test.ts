import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { describe, it } from 'node:test'
import { cli, scratchHome } from '../support/binary.ts'

interface Found {
  readonly name: string
  readonly verdict: string
  readonly detail: string
}

describe('doctor', { timeout: 60_000 }, () => {
  const examined = async (home: string) => {
    const { code, stdout, stderr } = await cli(['doctor', '--json'], { home })
    assert.equal(stderr, '')
    const found = JSON.parse(stdout) as readonly Found[]
    return { code, of: (name: string) => found.filter((one) => one.name === name) }
  }

  it('changes nothing: neither where there is no home, nor in a folder that is to become one', async () => {
    const home = await scratchHome()
    assert.equal((await examined(home)).code, 0)
    assert.equal(statSync(home, { throwIfNoEntry: false }), undefined)
    mkdirSync(home, { mode: 0o700 })
    const { code, of } = await examined(home)
    assert.deepEqual(readdirSync(home), [])
    assert.equal(code, 0)
    const said = (name: string) => of(name).map(({ verdict, detail }) => `${verdict}: ${detail}`)
    assert.deepEqual(said('store'), ['note: nothing there yet'])
    assert.deepEqual(said('sessions'), ['note: nothing there yet'])
    assert.deepEqual(said('signing keys'), ['note: none yet: the server makes the first one'])
    assert.deepEqual(said('server'), ['note: not running'])
  })
})
