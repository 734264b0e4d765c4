import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { redirect } from '../../src/http/dashboard/login-routes.ts'
import { createTemplates } from '../../src/http/dashboard/templates.ts'
import { belowPath, publicPath } from '../../src/http/public-path.ts'

/** Not `Request`: that one refuses to hold a Host. */
const askedBy = (host: string): Request =>
  Object.defineProperty(new Request('http://127.0.0.1:7717/dashboard'), 'headers', {
    value: new Headers({ host }),
  })

describe('publicPath', () => {
  const table: readonly (readonly [publicUrl: string | undefined, host: string, path: string])[] = [
    [undefined, 'door.example', ''],
    ['https://door.example', 'door.example', ''],
    ['https://door.example/', 'door.example', ''],
    ['https://door.example/postern', 'door.example', '/postern'],
    ['https://door.example/a/b', 'Door.Example', '/a/b'],
    ['https://door.example:8443/a', 'door.example:8443', '/a'],
    ['https://door.example:8443/a', 'door.example', '/a'],
    ['https://door.example/a', '127.0.0.1:7717', ''],
    ['https://door.example/a', 'door.example:7717', ''],
    ['https://door.example/a;b', 'door.example', '/a%3Bb'],
  ]
  for (const [publicUrl, host, path] of table)
    it(`is “${path}” for ${host} at ${publicUrl}`, () =>
      assert.equal(publicPath(publicUrl, askedBy(host)), path))
})

describe('belowPath', () => {
  const page = (html: string, type = 'text/html; charset=utf-8') =>
    new Response(html, { status: 404, headers: { 'content-type': type, 'x-request-id': 'r1' } })
  const shown = async (html: string, path = '/a&b') => (await belowPath(path, page(html))).text()

  it('goes before whatever a browser is to follow, and before nothing else', async () => {
    const before =
      '<a class="x" href="/dashboard?a=1">/dashboard</a><img src="/docs/x"><form action="/dashboard"><button\nformaction="/d">'
    assert.equal(
      await shown(before),
      '<a class="x" href="/a&amp;b/dashboard?a=1">/dashboard</a><img src="/a&amp;b/docs/x"><form action="/a&amp;b/dashboard"><button\nformaction="/a&amp;b/d">',
    )
    assert.equal(
      await shown('<meta http-equiv="refresh" content="0;url=/dashboard">', '/$&'),
      '<meta http-equiv="refresh" content="0;url=/$&amp;/dashboard">',
    )
    for (const name of ['data-live', 'data-choose', 'data-screen', 'data-copy-from'])
      assert.equal(await shown(`<i ${name}="/d">`, '/a'), `<i ${name}="/a/d">`)
    const others =
      '<a href="#main"><a href="https://x.example/"><a href="//x"><input name="next" value="/dashboard"><i data-copy-text="/x">'
    assert.equal(await shown(others), others)
  })

  it('leaves alone what others wrote', async () => {
    const { page } = createTemplates({ layout: '<p title="{{x}}">{{x}}</p>' })
    const html = page('layout', { x: ` href="/dashboard" data-live='/x' src=/y` })
    assert.equal(await shown(html), html)
  })

  it('keeps the status and the headers, and what is no page', async () => {
    const answer = await belowPath('/a', page('<a href="/x">'))
    assert.deepEqual([answer.status, answer.headers.get('x-request-id')], [404, 'r1'])
    const text = page(' href="/x"', 'text/plain')
    assert.equal(await (await belowPath('/a', text)).text(), ' href="/x"')
    const same = page('<a href="/x">')
    assert.equal(await belowPath('', same), same)
  })

  it('leads below it', async () => {
    const { status, headers } = await belowPath('/a', redirect('/dashboard?b', 'c=1'))
    assert.deepEqual(
      [status, headers.get('location'), headers.get('set-cookie')],
      [303, '/a/dashboard?b', 'c=1'],
    )
  })
})
