import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { addCommand, adminToken, configure, get, hooks, post, settled, until } from '../support/hooks.ts'

const custom = {
  push: {
    preset: 'github',
    messageTemplate: 'Push to {{repository.name}} by {{sender.login}}',
    filter: { path: 'ref', exists: true },
    session: 'echo',
    action: 'wake',
  },
  slack: { messageTemplate: '{{event.text}}', verify: 'slack', secret: 'Kp3vQz81-Wm27tYx9', session: 'echo' },
  zoom: { messageTemplate: '{{event}}', verify: 'zoom', secret: 'Kp3vQz81-Wm27tYx9', session: 'echo' },
  dropbox: { messageTemplate: 'changed', verify: 'dropbox', secret: 'Kp3vQz81-Wm27tYx9', session: 'echo' },
}
const push = { ref: 'refs/heads/main', repository: { name: 'app' }, sender: { login: 'kim' } }

describe('verbs of a capability URL, through the built binary', () => {
  let home: string
  let server: Served

  before(async () => {
    home = await scratchHome()
    configure(home, hooks(custom))
    await addCommand(home, 'echo', 'cat')
    server = await serve(home)
  })
  after(() => server.stop())

  const run = (...args: readonly string[]) => cli(args, { home })
  const mint = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await run('expose', ...args, '--json')
    assert.equal(code, 0, stderr)
    const { webhook, ...minted } = JSON.parse(stdout) as Record<string, string>
    const path = new URL(webhook ?? '').pathname
    return { ...minted, url: server.url + path, token: path.slice('/hook/'.length) }
  }
  const knock = (url: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
    post(url, { ...body }, { authorization: '', ...headers })

  it('run_turn answers who waits with the whole turn, and who does not by the same token', async () => {
    const { url, token, ...minted } = await mint('--session', 'echo', '--verb', 'run_turn')
    assert.equal((minted as Record<string, string>).verb, 'run_turn')
    const now = await knock(url, { message: 'how are you?', from: 'phone' }, { prefer: 'wait=20' })
    assert.deepEqual(
      [now.status, now.body.status, now.body.response],
      [200, 'delivered', '[phone] how are you?'],
    )
    const later = await knock(url, { message: 'and later?' }, { prefer: 'wait=0' })
    assert.deepEqual([later.status, later.body.status, later.body.response], [202, 'buffered', undefined])
    const read = await get(`${server.url}/api/deliveries/${later.body.deliveryId}?wait=20`, token)
    assert.deepEqual(
      [read.body.state, read.body.action, read.body.answer],
      ['DELIVERED', 'turn', 'and later?'],
    )
    const other = await mint('--session', 'echo')
    assert.equal(
      (await get(`${server.url}/api/deliveries/${later.body.deliveryId}`, other.token)).status,
      404,
    )
  })

  it('send_input tells no answer', async () => {
    const { url } = await mint('--session', 'echo')
    const { status, body } = await knock(url, { message: 'how are you?' }, { prefer: 'wait=20' })
    assert.deepEqual([status, 'response' in body], [200, false])
  })

  it('run_turn is refused at mint where a session cannot tell its answers', async () => {
    const { code, stderr, stdout } = await run('expose', '--session', 'default', '--verb', 'run_turn')
    assert.equal(code, 2)
    assert.match(stderr, /run_turn gives the answer back.*\(inbox\)/)
    assert.equal(stdout, '')
  })

  it('post_hook stands in place of the secret: body, template, filter and idempotency are those of the hook', async () => {
    const { url, token, ...minted } = await mint('--hook', 'push')
    const facts = minted as Record<string, unknown>
    assert.deepEqual([facts.channel, facts.session, facts.hook], ['postern:/hooks/push', null, 'push'])
    const headers = { 'x-github-event': 'push', 'x-github-delivery': 'd-1' }
    const first = await knock(url, push, headers)
    assert.deepEqual([first.status, first.body.status], [202, 'accepted'])
    const again = await knock(url, push, headers)
    assert.equal(again.headers.get('idempotency-replayed'), 'true')
    assert.equal(again.body.deliveryId, first.body.deliveryId)
    assert.equal((await knock(url, { repository: {} }, headers)).body.status, 'ignored')
    const { message, state } = await settled(home, server, first.body.deliveryId)
    assert.deepEqual([message, state], ['Push to app by kim', 'DELIVERED'])
    const record = (await get(`${server.url}/api/deliveries/${first.body.deliveryId}`, token)).body
    assert.deepEqual([record.source, record.hook, record.grant], ['hook', 'push', facts.grantId])
    assert.equal((record.headers as Record<string, string>)['x-github-delivery'], 'd-1')
    for (const flags of [
      ['--hook', 'push'],
      ['--grant', String(facts.grantId)],
    ]) {
      const listed = JSON.parse((await run('deliveries', 'ls', ...flags, '--json')).stdout) as {
        id: string
      }[]
      assert.deepEqual(
        listed.map(({ id }) => id),
        [first.body.deliveryId],
      )
    }
    const [row] = JSON.parse((await run('ls', '--json')).stdout) as Record<string, unknown>[]
    assert.deepEqual([row?.channel, row?.verbs, row?.uses], ['postern:/hooks/push', ['post_hook'], 1])
  })

  it("one post_hook URL reads nothing of another's, and nothing of the hook's own knocks", async () => {
    const [mine, other] = [await mint('--hook', 'push'), await mint('--hook', 'push')]
    const { body } = await knock(mine.url, { ...push, n: 2 }, { 'x-github-event': 'push' })
    assert.equal((await get(`${server.url}/api/deliveries/${body.deliveryId}`, other.token)).status, 404)
    assert.equal((await get(`${server.url}/api/deliveries/${body.deliveryId}`, mine.token)).status, 200)
  })

  it('post_hook answers probes and handshakes of senders, but gives no secret away', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { status } = await fetch((await mint('--hook', 'push')).url, { method })
      assert.equal(status, 200, method)
      const { status: at } = await fetch((await mint('--session', 'echo')).url, { method })
      assert.equal(at, 405, method)
    }
    const slack = await knock((await mint('--hook', 'slack')).url, {
      type: 'url_verification',
      challenge: 'c1',
    })
    assert.deepEqual([slack.status, slack.text], [200, 'c1'])
    const dropbox = await fetch(`${(await mint('--hook', 'dropbox')).url}?challenge=c2`)
    assert.equal(await dropbox.text(), 'c2')
    const asked = { event: 'endpoint.url_validation', payload: { plainToken: 'abc' } }
    const zoom = await knock((await mint('--hook', 'zoom')).url, asked)
    assert.ok(zoom.status < 300, zoom.text)
    assert.doesNotMatch(zoom.text, /encryptedToken/)
  })

  it('a hook that is inactive or gone answers 403 at its URL, and its URL works again when it is back', async () => {
    const { url } = await mint('--hook', 'push')
    const answers = (status: number) =>
      until(`${status}`, async () => (await knock(url, { ...push, at: 3 })).status === status || undefined)
    await answers(202)
    configure(home, hooks({ ...custom, push: { ...custom.push, active: false } }))
    await answers(403)
    configure(home, hooks({ slack: custom.slack }))
    await answers(403)
    configure(home, hooks(custom))
    await answers(202)
  })

  it('a revoked post_hook URL opens nothing, and what waits of it is not delivered', async () => {
    const { url, ...minted } = await mint('--hook', 'push')
    await run('session', 'add', 'echo', '--driver', 'inbox', '--replace')
    const { body } = await knock(url, { ...push, at: 4 }, { 'x-github-event': 'push' })
    const { grantId = '' } = minted as Record<string, string>
    assert.equal((await run('revoke', grantId)).code, 0)
    assert.equal((await knock(url, push)).status, 403)
    const back = await run('session', 'add', 'echo', '--replace', '--driver', 'command', '--', 'cat')
    assert.equal(back.code, 0, back.stderr)
    assert.equal((await settled(home, server, body.deliveryId)).failedStep, 'revoked')
  })

  it('the API mints for a hook, and names the nearest of an unknown one', async () => {
    const admin = await adminToken(home)
    const headers = { authorization: `Bearer ${admin}` }
    const minted = await post(`${server.url}/api/grants`, { hook: 'slack', ttl: 60 }, headers)
    assert.deepEqual(
      [minted.status, minted.body.channel, minted.body.verb],
      [201, 'postern:/hooks/slack', 'post_hook'],
    )
    const unknown = await post(`${server.url}/api/grants`, { hook: 'slak' }, headers)
    assert.equal(unknown.status, 404)
    assert.match(String(unknown.body.detail), /Did you mean slack\?/)
    const { code, stderr } = await run('expose', '--hook', 'dropboks')
    assert.equal(code, 3)
    assert.match(stderr, /Did you mean dropbox\?/)
  })
})
