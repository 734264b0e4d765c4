import assert from 'node:assert/strict'
import { renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { scratchHome, serve } from '../support/binary.ts'
import { configure, hooks, post, until } from '../support/hooks.ts'

const custom = (text: string) => hooks({ deploy: { messageTemplate: text, action: 'wake' } })

describe('a configuration that vanishes while the server runs changes nothing', () => {
  const file = (home: string) => join(home, 'preferences', 'webhooks.json')
  const ways: readonly [name: string, remove: (home: string) => void][] = [
    ['the file', (home) => rmSync(file(home))],
    ['its folder', (home) => renameSync(dirname(file(home)), join(home, 'aside'))],
  ]
  for (const [name, remove] of ways)
    it(`${name}: hooks go on, it is warned of, and it is followed when it is back`, async () => {
      const home = await scratchHome()
      configure(home, custom('one'))
      const server = await serve(home)
      const knock = () => post(`${server.url}/api/hooks/deploy`, {})
      assert.equal((await knock()).status, 202)
      remove(home)
      await until('it warns', () => (/config\.missing/.test(server.stderr()) ? true : undefined))
      assert.equal((await knock()).status, 202)
      configure(home, hooks({ other: { messageTemplate: 'two' } }))
      await until('it follows', async () => ((await knock()).status === 404 ? true : undefined))
      assert.equal((await post(`${server.url}/api/hooks/other`, {})).status, 202)
      await server.stop()
    })
})

describe('a start without the file that a home once had', () => {
  it('warns that hooks are off, once', async () => {
    const home = await scratchHome()
    const untouched = await serve(home)
    await untouched.stop()
    assert.doesNotMatch(untouched.stderr(), /config\.missing/)
    configure(home, custom('one'))
    const before = await serve(home)
    assert.equal((await post(`${before.url}/api/hooks/deploy`, {})).status, 202)
    await before.stop()
    rmSync(join(home, 'preferences', 'webhooks.json'))
    const after = await serve(home)
    assert.equal((await post(`${after.url}/api/hooks/deploy`, {})).status, 403)
    await after.stop()
    assert.equal(after.stderr().match(/config\.missing.*hooks are off/g)?.length, 1)
  })
})
