import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { describe, it } from 'node:test'
import { cli, scratchHome, serve } from '../support/binary.ts'
import { freePort } from '../support/free-port.ts'

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
  it('looks at the public URL that the server was started with, as URLs of grants begin with it', async () => {
    const home = await scratchHome()
    const port = `${await freePort()}`
    const publicUrl = `http://localhost:${port}`
    const seen = async () => (await examined(home)).of('public URL').map(({ detail }) => detail)
    const none = ['none: capability URLs are for this machine']
    const plain = await serve(home, { port })
    assert.deepEqual(await seen(), none)
    await plain.stop()
    assert.deepEqual(await seen(), none)
    const named = await serve(home, { port, args: ['--public-url', publicUrl] })
    const url = await cli(['expose', '--session', 'default', '--quiet'], { home })
    assert.ok(url.stdout.startsWith(`${publicUrl}/hook/`), url.stderr)
    assert.deepEqual(await seen(), [`${publicUrl} leads here`])
    await named.stop()
    assert.deepEqual(await seen(), ['not looked at: the server is not running'])
    const astray = await serve(home, { env: { POSTERN_PUBLIC_URL: publicUrl } })
    const { code, of } = await examined(home)
    assert.equal(code, 1)
    assert.match(of('public URL')[0]?.detail ?? '', /^http:\/\/localhost:\d+ cannot be reached from here/)
    await astray.stop()
  })
})
