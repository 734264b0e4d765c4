import assert from 'node:assert/strict'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Client } from '@modelcontextprotocol/client'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { addCommand, adminToken, configure, get, hooks, post, secret, seen, until } from '../support/hooks.ts'
import { connectMcp, eras } from '../support/mcp-client.ts'
import { ownCapability } from '../support/own-capability.ts'

type Content = Readonly<Record<string, unknown>>

async function call(client: Client, name: string, args: Content = {}) {
  const { content, structuredContent, isError } = await client.callTool({ name, arguments: args })
  const [first] = content
  const text = first?.type === 'text' ? first.text : ''
  return { text, isError: isError === true, answer: (structuredContent ?? {}) as Content }
}

describe('POST /mcp', () => {
  let home: string
  let server: Served
  let messages: string

  before(async () => {
    home = await scratchHome()
    configure(home, hooks())
    const folder = join(dirname(home), 'work')
    await mkdir(folder)
    messages = join(folder, 'messages')
    await addCommand(home, 'build', `cat >> ${messages}`)
    await addCommand(home, 'other', 'cat > /dev/null')
    server = await serve(home)
  })
  after(() => server?.stop())

  const connect = (token: string, era: (typeof eras)[number] = 'auto') =>
    connectMcp(`${server.url}/mcp`, { era, headers: { authorization: `Bearer ${token}` } })

  for (const era of eras)
    it(`gives the agent of a session its five tools, and what answers its wait wakes it [${era}]`, async () => {
      const client = await connect(await ownCapability(home, 'build'), era)
      assert.equal((await client.listTools()).tools.length, 5)
      const order = { what: `CI run of ${era}`, then: 'merge it', key: era }
      const { answer: wait, text } = await call(client, 'wait_for', order)
      assert.match(text, /Do not poll.*this machine only/)
      assert.equal((await call(client, 'wait_for', order)).answer.waitId, wait.waitId)
      const asks: Readonly<Record<string, string>> = era === 'auto' ? { prefer: 'wait=1' } : {}
      const { body } = await post(String(wait.url), { conclusion: 'failure' }, { authorization: '', ...asks })
      const id = body.deliveryId
      await until(
        'it is taken',
        async () => (await seen(home, server, id)).state === 'DELIVERED' || undefined,
      )
      const woken = await readFile(messages, 'utf8')
      for (const part of [`[postern] wait ${wait.waitId} answered`, `CI run of ${era}`, 'merge it'])
        assert.ok(woken.includes(part), woken)
      assert.equal(woken.includes(`answer the sender: reply ${id}`), era === 'auto')
      const { answer } = await call(client, 'check', { waitId: wait.waitId })
      const [state] = answer.waits as readonly Content[]
      assert.deepEqual([state?.state, state?.deliveryId], ['answered', id])
      assert.match((await call(client, 'read', { deliveryId: id })).text, /failure/)
      assert.deepEqual((await call(client, 'reply', { deliveryId: id, text: 'Thank you.' })).answer, {
        ...{ accepted: true, first: true },
      })
      const again = await call(client, 'reply', { deliveryId: id, text: 'Once more.' })
      assert.deepEqual([again.isError, /already answered/.test(again.text)], [true, true])
      const token = String(wait.url).split('/').at(-1) ?? ''
      assert.equal((await get(`${server.url}/api/deliveries/${id}`, token)).body.answer, 'Thank you.')
      await client.close()
    })

  it('gives no session the waits and messages of another', async () => {
    const mine = await connect(await ownCapability(home, 'build'))
    const theirs = await connect(await ownCapability(home, 'other'))
    const { answer: wait } = await call(mine, 'wait_for', { what: 'mine' })
    for (const tool of ['check', 'cancel'] as const) {
      const { isError, text } = await call(theirs, tool, { waitId: wait.waitId })
      assert.deepEqual([isError, /no such wait/.test(text)], [true, true])
    }
    assert.equal((await call(mine, 'cancel', { waitId: wait.waitId })).answer.state, 'cancelled')
    await Promise.all([mine.close(), theirs.close()])
  })

  it('tells an agent that polls to end its turn', async () => {
    const client = await connect(await ownCapability(home, 'other'))
    await call(client, 'wait_for', { what: 'nothing' })
    const looks = []
    for (let i = 0; i < 4; i++) looks.push((await call(client, 'check')).text)
    assert.deepEqual(
      looks.map((text) => text.includes('end your turn')),
      [false, false, false, true],
    )
    await client.close()
  })

  it('opens for nothing but the capability of an agent, and notes who was turned away', async () => {
    const { stdout: url } = await cli(['expose', '--session', 'build', '--quiet'], { home })
    const admin = await adminToken(home)
    const list = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }
    const others = [admin, secret, url.trim().split('/').at(-1) ?? '']
    for (const token of others) {
      const { status, body } = await post(`${server.url}/mcp`, list, { authorization: `Bearer ${token}` })
      assert.deepEqual([status, body.code], [403, 'forbidden'])
    }
    const bare = await post(`${server.url}/mcp`, list, { authorization: '' })
    assert.deepEqual([bare.status, bare.headers.get('www-authenticate')], [401, 'Bearer realm="postern"'])
    const token = await ownCapability(home, 'build')
    assert.equal((await get(`${server.url}/mcp`, token)).status, 405)
    const noted = await until('it is noted', async () => {
      const { stdout } = await cli(['refusals', 'ls', '--json'], { home })
      const rows = JSON.parse(stdout) as readonly { readonly door: string; readonly status: number }[]
      const here = rows.filter(({ door }) => door === '/mcp').map(({ status }) => status)
      return here[0] === 401 ? here.slice(0, 4) : undefined
    })
    assert.deepEqual(noted, [401, 403, 403, 403])
  })

  it('closes with the opening of the session, also while it is connected', async () => {
    await addCommand(home, 'short', 'cat > /dev/null')
    const client = await connect(await ownCapability(home, 'short'))
    assert.equal((await call(client, 'check')).isError, false)
    const { answer: wait } = await call(client, 'wait_for', { what: 'anything' })
    const { body } = await post(String(wait.url), { message: 'done' }, { authorization: '' })
    assert.equal((await call(client, 'read', { deliveryId: body.deliveryId })).isError, false)
    await cli(['session', 'add', 'short', '--driver', 'inbox', '--replace'], { home })
    await assert.rejects(call(client, 'check'), /is over/)
    const next = await connect(await ownCapability(home, 'short'))
    for (const [tool, more] of [
      ['read', {}],
      ['reply', { text: 'Thank you.' }],
    ] as const) {
      const { isError, text } = await call(next, tool, { deliveryId: body.deliveryId, ...more })
      assert.deepEqual([isError, /for an earlier opening of this session/.test(text)], [true, true])
    }
    await Promise.all([client.close(), next.close()])
  })
})
