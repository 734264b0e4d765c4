import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cli, scratchHome, serve } from '../support/binary.ts'
import { configure, hooks } from '../support/hooks.ts'

async function minted(home: string): Promise<string> {
  const { code, stdout, stderr } = await cli(['expose', '--session', 'default', '--quiet'], { home })
  assert.equal(code, 0, stderr)
  return stdout.trim()
}

const bodyOf = (url: string) => url.slice(0, url.indexOf('/hook/'))

describe('expose prints a URL that the running server answers to', () => {
  it('its --public-url, also while it is down', async () => {
    const home = await scratchHome()
    const args = ['--public-url', 'https://hooks.example.org/']
    const server = await serve(home, { args })
    assert.equal(bodyOf(await minted(home)), 'https://hooks.example.org')
    await server.stop()
    assert.equal(bodyOf(await minted(home)), 'https://hooks.example.org')
    const again = await serve(home)
    assert.equal(bodyOf(await minted(home)), again.url)
    await again.stop()
  })

  it('its --port and --host, also minted while it is down', async () => {
    const home = await scratchHome()
    const first = await serve(home, { args: ['--host', '127.0.0.2'] })
    const port = new URL(first.url).port
    await first.stop()
    const url = await minted(home)
    assert.equal(bodyOf(url), `http://127.0.0.2:${port}`)
    const server = await serve(home, { args: ['--host', '127.0.0.2'], port })
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'text/plain', prefer: 'wait=0' },
      body: 'hi',
    })
    assert.equal(answer.status, 202)
    await server.stop()
  })

  it('a variable of the server, and a configuration that changed since', async () => {
    const home = await scratchHome()
    const server = await serve(home, { env: { POSTERN_PUBLIC_URL: 'https://env.example.org' } })
    assert.equal(bodyOf(await minted(home)), 'https://env.example.org')
    await server.stop()
    configure(home, { ...hooks(), server: { publicUrl: 'https://one.example.org' } })
    const plain = await serve(home)
    assert.equal(bodyOf(await minted(home)), 'https://one.example.org')
    await plain.stop()
    configure(home, { ...hooks(), server: { publicUrl: 'https://two.example.org' } })
    assert.equal(bodyOf(await minted(home)), 'https://two.example.org')
  })
})
