import assert from 'node:assert/strict'
import { dirname, join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { addCommand, adminToken, configure, get, hooks, post, until } from '../support/hooks.ts'
import { type Got, openReceiver, type Receiver } from '../support/receiver.ts'

const key = `whsec_${Buffer.from('the key that notices are signed with').toString('base64')}`
const quick = { baseSeconds: 0.05, capSeconds: 0.2, attempts: 3 }
const fake = resolve(import.meta.dirname, '../fixtures/fake-acp-agent.mjs')

/** What came as JSON, its signature checked. */
function told({ body, headers }: Got): {
  readonly type: string
  readonly timestamp: string
  readonly data: object
} {
  return new Webhook(key).verify(body, headers as Record<string, string>) as ReturnType<typeof told>
}

const isOf =
  (path: string, words = '') =>
  (got: Got) =>
    got.path === path && got.body.includes(words)

describe('notify', () => {
  let home: string
  let server: Served
  let receiver: Receiver
  let admin: string
  const rule = (path: string, on: readonly string[], more: object = {}) => ({
    on,
    url: `${receiver.url}${path}`,
    secret: key,
    ...more,
  })
  const settings = (notify: readonly object[]) => ({
    ...hooks(),
    retry: { ...quick, waitingSeconds: 0.5 },
    server: { callbacks: { allow: ['127.0.0.1'] }, drainSeconds: 1 },
    sessions: { allow: ['*'] },
    notify,
  })
  const turn = (session: string, more: object = {}) =>
    post(`${server.url}/api/hooks/agent`, { message: 'a secret message', session, ...more })
  const logged = (event: string, words: string) =>
    until(`${event} in the log`, () =>
      server
        .stderr()
        .split('\n')
        .find((line) => line.includes(event) && line.includes(words)),
    )

  before(async () => {
    home = await scratchHome()
    receiver = await openReceiver()
    const events = ['turn_ended', 'session_ended', 'delivery_failed', 'delivery_waiting', 'guess_alarm']
    configure(
      home,
      settings([
        rule('/json', events),
        rule('/topic', ['needs_input', 'turn_ended'], { template: 'ntfy', name: 'phone', session: 'c*' }),
        rule('/slack', ['needs_input'], { template: 'slack' }),
        rule('/own', ['turn_ended'], {
          template: '{"say": "{{session}} {{outcome}}: {{message}} -> {{answer}}"}',
        }),
      ]),
    )
    await addCommand(home, 'good', 'cat > /dev/null; echo "a secret answer"')
    await addCommand(home, 'bad', 'echo partly; echo no room >&2; exit 1')
    await cli(['session', 'add', 'box', '--driver', 'inbox'], { home })
    server = await serve(home)
    admin = await adminToken(home)
  })
  after(async () => {
    await server.stop()
    receiver.close()
  })

  it('turn_ended carries session, delivery and outcome, signed, and no word of the message', async () => {
    const { body } = await turn('good')
    const got = await receiver.next(isOf('/json', String(body.deliveryId)))
    const { type, timestamp, data } = told(got)
    assert.deepEqual(
      [type, data],
      ['turn_ended', { session: 'good', delivery: body.deliveryId, outcome: 'completed' }],
    )
    assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60_000)
    assert.doesNotMatch(got.body, /secret/)
    assert.match(String(got.headers['webhook-id']), /^ntc_[0-9a-f]{24}$/)
    await logged('notice.delivered', 'turn_ended')
  })

  it('tells message and answer where a template of its own asks for them', async () => {
    await turn('good', { message: 'say "hi"\n' })
    const got = await receiver.next(isOf('/own', 'hi'))
    assert.equal(got.headers['content-type'], 'application/json')
    const { say } = JSON.parse(got.body) as { say: string }
    assert.match(say, /^good completed: say "hi"/)
    assert.match(say, /-> a secret answer$/)
  })

  it('delivery_failed says the step, and why', async () => {
    const { body } = await turn('bad')
    const id = String(body.deliveryId)
    const failed = await receiver.next(
      (got) => isOf('/json', id)(got) && got.body.includes('delivery_failed'),
    )
    const { data } = told(failed) as unknown as { data: { failedStep: string; detail: string } }
    assert.equal(data.failedStep, 'turn')
    assert.match(data.detail, /1/)
    const ended = await receiver.next((got) => isOf('/json', id)(got) && got.body.includes('turn_ended'))
    assert.equal((told(ended).data as { outcome: string }).outcome, 'failed')
  })

  it('delivery_waiting comes once for what lies in a session too long', async () => {
    const { stdout } = await cli(['send', '--session', 'box', '--json', 'a secret message'], { home })
    const { id } = JSON.parse(stdout) as { id: string }
    const got = await receiver.next(isOf('/json', id))
    const { type, data } = told(got)
    const { since, ...rest } = data as { since: string }
    assert.deepEqual([type, rest], ['delivery_waiting', { session: 'box', delivery: id, waiting: 1 }])
    assert.ok(Math.abs(Date.parse(since) - Date.now()) < 60_000)
  })

  it('session_ended comes when a command ends one', async () => {
    await addCommand(home, 'short', 'cat')
    assert.equal((await cli(['session', 'end', 'short'], { home })).code, 0)
    const got = await receiver.next(isOf('/json', '"short"'))
    assert.equal(told(got).type, 'session_ended')
  })

  it('needs_input reaches a phone and a channel, with what is asked', async () => {
    const env = { FAKE_ACP_DIR: join(dirname(home), 'fake-acp') }
    const add = ['session', 'add', 'coder', '--driver', 'acp', '--set', `env=${JSON.stringify(env)}`]
    assert.equal((await cli([...add, '--', 'node', fake], { home })).code, 0)
    assert.equal((await cli(['send', '--session', 'coder', 'TOOL: list the files'], { home })).code, 0)
    const got = await receiver.next(isOf('/topic', 'permission: touch x'))
    assert.deepEqual(
      [got.body, got.headers.title, got.headers.priority, got.headers.tags],
      ['permission: touch x', 'coder needs you', 'high', 'raised_hand'],
    )
    assert.match(String(got.headers['content-type']), /^text\/plain/)
    const channel = await receiver.next(isOf('/slack'))
    assert.deepEqual(JSON.parse(channel.body), { text: '*coder needs you*\npermission: touch x' })
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    assert.match(metrics, /^postern_session_blocked_since_timestamp_seconds\{session="coder"\} \d+/m)
    assert.match(metrics, /^postern_notices_total\{outcome="delivered"\} [1-9]/m)
    const listed = await get(`${server.url}/api/notices?state=delivered&rule=phone`, admin)
    const [notice] = JSON.parse(listed.text)
    assert.deepEqual(
      [notice.event, notice.session, notice.data.asks],
      ['needs_input', 'coder', 'permission: touch x'],
    )
    assert.equal(notice.id, got.headers['webhook-id'])
    assert.equal((await cli(['session', 'cancel', 'coder'], { home })).code, 0)
  })

  it('a receiver that fails is tried again under one webhook-id, then shown by doctor', async () => {
    receiver.answers['/json'] = [500, 503, 200]
    const { body } = await turn('good')
    await until('three attempts', () => receiver.got.filter(isOf('/json', String(body.deliveryId)))[2])
    const attempts = receiver.got.filter(isOf('/json', String(body.deliveryId)))
    assert.equal(new Set(attempts.map(({ headers }) => headers['webhook-id'])).size, 1)
    for (const attempt of attempts) assert.equal(told(attempt).type, 'turn_ended')
    receiver.answers['/json'] = [302]
    await turn('good')
    await logged('notice.failed', 'redirects are not followed')
    receiver.answers['/json'] = [200]
    assert.equal(receiver.got.filter(isOf('/elsewhere')).length, 0)
    const { stdout } = await cli(['doctor', '--json'], { home })
    const findings = JSON.parse(stdout) as readonly { name: string; verdict: string; detail: string }[]
    const found = findings.filter(({ name }) => name === 'notify')
    assert.ok(
      found.some(({ verdict, detail }) => verdict === 'note' && /did not arrive.*redirects/.test(detail)),
      JSON.stringify(found),
    )
  })

  it('a changed rule holds at once; a receiver that was not allowed is never called', async () => {
    const before = receiver.got.length
    configure(home, settings([rule('/new', ['turn_ended'], { template: 'plain' })]))
    await logged('config.reloaded', '')
    await until('the new rule is followed', async () => {
      await turn('good')
      return receiver.got.find(isOf('/new'))
    })
    assert.match(
      receiver.got.find(isOf('/new'))?.body ?? '',
      /^good: turn completed\n\nDelivery whd_\w+ is done\.\n$/,
    )
    const url = receiver.url.replace('127.0.0.1', 'localhost')
    const nobody = { callbacks: { allow: [] }, drainSeconds: 1 }
    configure(home, { ...settings([{ on: ['turn_ended'], url: `${url}/forbidden` }]), server: nobody })
    await until('it is refused', async () => {
      await turn('good')
      return server.stderr().includes('is not a public address') || undefined
    })
    assert.deepEqual(receiver.got.slice(before).filter(isOf('/forbidden')), [])
  })
})
