import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { scratchHome, serve } from '../support/binary.ts'
import { configure, until } from '../support/hooks.ts'
import { buildPreload, noPreload } from '../support/preload.ts'

describe('a system without a watch left to give', () => {
  it('is served: one warning, and a changed configuration is found all the same', {
    timeout: 60_000,
    skip: noPreload,
  }, async () => {
    const home = await scratchHome()
    const server = await serve(home, { env: { LD_PRELOAD: buildPreload('no-inotify') } })
    configure(home, { limits: { knocksPerMinute: 7 } })
    await until('it is read again', () => server.stderr().includes('config.reloaded') || undefined)
    assert.equal(server.stderr().split('config.unwatched').length, 2, server.stderr())
    assert.equal(await server.stop(), 0)
  })
})
