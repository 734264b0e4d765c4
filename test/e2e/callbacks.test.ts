import assert from 'node:assert/strict'
import { readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import {
  addCommand,
  configure,
  countDeliveries,
  hooks,
  post,
  secret,
  seen,
  settled,
  show,
  until,
} from '../support/hooks.ts'

const callbackKey = `whsec_${Buffer.from('the key that callbacks are signed with').toString('base64')}`

interface Called {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

interface Receiver {
  readonly url: string
  readonly port: number
  readonly calls: Called[]
  /** What it answers next; the last one stays. */
  answers: { status: number; headers?: Record<string, string> }[]
  close(): void
}

/** Somebody who asked to be called back. Below `/hang` it never answers. */
async function receive(): Promise<Receiver> {
  const calls: Called[] = []
  const receiver: Receiver = { url: '', port: 0, calls, answers: [{ status: 204 }], close: () => {} }
  const server: Server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    calls.push({ path: request.url ?? '', headers: request.headers, body })
    if (request.url?.startsWith('/hang')) return
    const { status, headers } = (receiver.answers.length > 1
      ? receiver.answers.shift()
      : receiver.answers[0]) ?? { status: 500 }
    response.writeHead(status, headers).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return Object.assign(receiver, { port, url: `http://127.0.0.1:${port}`, close })
}

const quickRetries = { retry: { baseSeconds: 0.05, capSeconds: 0.2, attempts: 3 } }

describe('agent turns', () => {
  let home: string
  let server: Served
  const turn = (session: string, more: object = {}, headers: Record<string, string> = {}) =>
    post(`${server.url}/api/hooks/agent`, { message: `to ${session}`, session, ...more }, headers)
  const runs = async (name: string): Promise<number> =>
    (await readFile(join(home, name), 'utf8').catch(() => '')).split('\n').length - 1

  before(async () => {
    home = await scratchHome()
    configure(home, { ...hooks(), ...quickRetries, sessions: { allow: ['*'] } })
    await cli(['session', 'ls'], { home })
    await addCommand(home, 'later', `echo run >> ${home}/later; echo no room; exit 75`)
    await addCommand(
      home,
      'broken',
      `echo run >> ${home}/broken; echo half an answer; echo the disk is full >&2; exit 1`,
    )
    await addCommand(
      home,
      'third',
      `echo run >> ${home}/third; [ $(wc -l < ${home}/third) -ge 3 ] && echo at last || exit 75`,
    )
    await addCommand(home, 'slow', 'sleep 30')
    server = await serve(home)
  })
  after(() => server.stop())

  it('goes to RETRY and tries again with backoff, then FAILED with the reason', async () => {
    const { body } = await turn('later')
    const delivery = await settled(home, server, body.deliveryId)
    assert.deepEqual([delivery.state, delivery.failedStep, delivery.attempts], ['FAILED', 'attempts', 3])
    assert.match(String(delivery.detail), /3 attempts: it said to try later/)
    assert.equal(delivery.events.filter(({ kind }) => kind === 'retry').length, 2)
    assert.equal(await runs('later'), 3)
  })

  it('delivers at a later attempt', async () => {
    const { status, body } = await turn('third', {}, { prefer: 'wait=20' })
    assert.equal(status, 200)
    assert.equal(body.response, 'at last')
    assert.equal(await runs('third'), 3)
  })

  it('is never run twice when it failed, and keeps its answer', async () => {
    const { body } = await turn('broken')
    const delivery = await settled(home, server, body.deliveryId)
    assert.deepEqual([delivery.state, delivery.failedStep], ['FAILED', 'turn'])
    assert.match(String(delivery.detail), /1/)
    assert.equal(delivery.answer, 'half an answer')
    assert.equal(await runs('broken'), 1)
  })

  it('answers who waited for a turn that failed with 502 and the delivery', async () => {
    const { status, body } = await turn('broken', {}, { prefer: 'wait=20' })
    assert.deepEqual([status, body.code], [502, 'delivery_failed'])
    assert.equal((await seen(home, server, body.deliveryId)).state, 'FAILED')
  })

  it('answers 202 when the wait passes first, and ends a turn at its timeoutSeconds', async () => {
    const { status, body } = await turn('slow', { timeoutSeconds: 1.5 }, { prefer: 'wait=1' })
    assert.equal(status, 202)
    assert.equal(body.status, 'accepted')
    const { state, detail } = await settled(home, server, body.deliveryId)
    assert.equal(state, 'FAILED')
    assert.match(String(detail), /longer than it may/)
  })

  for (const bad of [
    { timeoutSeconds: 0 },
    { timeoutSeconds: '5' },
    { callbackUrl: 7 },
    { callbackUrl: 'nowhere' },
    { callbackUrl: 'ftp://example.com/' },
    { callbackUrl: 'https://user:password@example.com/' },
    { callbackUrl: 'http://127.0.0.1:9/' },
    { callbackUrl: 'http://2130706433/' },
    { callbackUrl: 'http://169.254.169.254/latest/meta-data/' },
    { callbackUrl: 'http://[::ffff:7f00:1]/' },
    { callbackUrl: `https://example.com/${'x'.repeat(2048)}` },
    { session: 'No Session' },
    { skill: ['x'] },
  ])
    it(`refuses ${JSON.stringify(bad).slice(0, 80)} with 422 and stores nothing`, async () => {
      const stored = await countDeliveries(home, server)
      assert.equal((await turn('third', bad)).status, 422)
      assert.equal(await countDeliveries(home, server), stored)
    })
})

describe('callbacks', () => {
  let home: string
  let server: Served
  let receiver: Receiver
  const turn = (session: string, path: string, more: object = {}) =>
    post(`${server.url}/api/hooks/agent`, {
      message: 'work',
      session,
      callbackUrl: `http://127.0.0.1:${receiver.port}${path}`,
      ...more,
    })
  const callsTo = (path: string) => receiver.calls.filter((call) => call.path === path)
  const settings = (allow: readonly string[], more: object = {}) => ({
    ...hooks(),
    ...quickRetries,
    server: { callbacks: { allow, ...more }, drainSeconds: 1 },
    sessions: { allow: ['*'] },
  })

  before(async () => {
    home = await scratchHome()
    receiver = await receive()
    configure(home, settings(['127.0.0.1', 'localhost'], { secret: callbackKey }))
    await addCommand(home, 'good', 'cat; echo " done"')
    await addCommand(home, 'bad', 'echo partly; exit 1')
    await addCommand(home, 'later', 'exit 75')
    await addCommand(home, 'second', `[ -e ${home}/tried ] && cat || { touch ${home}/tried; exit 75; }`)
    await cli(['session', 'add', 'box', '--driver', 'inbox'], { home })
    server = await serve(home)
  })
  after(async () => {
    await server.stop()
    receiver.close()
  })

  it('tell what became of a turn, signed as the Standard Webhooks library wants it', async () => {
    const { body } = await turn('good', '/good')
    assert.equal((await settled(home, server, body.deliveryId)).state, 'DELIVERED')
    const [call, ...more] = callsTo('/good')
    assert.deepEqual(more, [])
    assert.ok(call)
    assert.equal(call.headers['webhook-id'], body.deliveryId)
    assert.match(call.headers['content-type'] ?? '', /^application\/json/)
    const headers = call.headers as Record<string, string>
    const event = new Webhook(callbackKey).verify(call.body, headers) as { timestamp: string }
    assert.deepEqual(event, {
      type: 'delivery.completed',
      timestamp: event.timestamp,
      data: { deliveryId: body.deliveryId, session: 'good', status: 'delivered', response: 'work done' },
    })
    assert.ok(Math.abs(Date.parse(event.timestamp) - Date.now()) < 60_000)
    assert.throws(() => new Webhook(callbackKey).verify(call.body.replace('done', 'gone'), headers))
    assert.throws(() => new Webhook(`whsec_${btoa('another key')}`).verify(call.body, headers))
  })

  for (const [session, step, response] of [
    ['bad', 'turn', 'partly'],
    ['later', 'attempts', undefined],
  ] as const)
    it(`tell of a turn that failed (${step}), which stays FAILED`, async () => {
      const { body } = await turn(session, `/${session}`)
      const delivery = await settled(home, server, body.deliveryId)
      assert.deepEqual([delivery.state, delivery.failedStep], ['FAILED', step])
      const [call, ...more] = callsTo(`/${session}`)
      assert.deepEqual(more, [])
      const event = JSON.parse(call?.body ?? '')
      assert.equal(event.type, 'delivery.failed')
      assert.equal(event.data.status, 'failed')
      assert.equal(event.data.reason, step)
      assert.equal(event.data.response, response)
    })

  it('come once an inbox acknowledges; a second time it does not stand for the callback', async () => {
    receiver.answers = [{ status: 503, headers: { 'retry-after': '1' } }, { status: 204 }]
    const { body } = await turn('box', '/box')
    const id = String(body.deliveryId)
    assert.equal((await cli(['inbox', 'ack', id], { home })).code, 0)
    await until('the first try', () => callsTo('/box')[0])
    await until('its end', async () => ((await seen(home, server, id)).state === 'RETRY' ? true : undefined))
    assert.equal((await cli(['inbox', 'ack', id], { home })).code, 0)
    assert.equal((await settled(home, server, id)).state, 'DELIVERED')
    assert.equal(callsTo('/box').length, 2)
  })

  it('are tried again, never the turn', async () => {
    receiver.answers = [{ status: 503, headers: { 'retry-after': '0' } }, { status: 500 }, { status: 200 }]
    const { body } = await turn('good', '/again')
    const delivery = await settled(home, server, body.deliveryId)
    assert.equal(delivery.state, 'DELIVERED')
    assert.equal(callsTo('/again').length, 3)
    assert.equal(new Set(callsTo('/again').map(({ headers }) => headers['webhook-id'])).size, 1)
    assert.equal(delivery.events.filter(({ kind }) => kind === 'turn_completed').length, 1)
  })

  it('end as FAILED with the step callback, and a retry by hand calls back only', async () => {
    receiver.answers = [{ status: 500 }]
    const { body } = await turn('good', '/never')
    const delivery = await settled(home, server, body.deliveryId)
    assert.deepEqual([delivery.state, delivery.failedStep], ['FAILED', 'callback'])
    assert.match(String(delivery.detail), /500/)
    assert.equal(delivery.answer, 'work done')
    receiver.answers = [{ status: 204 }]
    assert.equal((await cli(['deliveries', 'retry', delivery.id], { home })).code, 0)
    const retried = await settled(home, server, delivery.id)
    assert.equal(retried.state, 'DELIVERED')
    assert.equal(retried.events.filter(({ kind }) => kind === 'turn_completed').length, 1)
  })

  it('follow no redirect', async () => {
    receiver.answers = [{ status: 307, headers: { location: `${receiver.url}/elsewhere` } }, { status: 204 }]
    const { body } = await turn('good', '/moved')
    const delivery = await settled(home, server, body.deliveryId)
    assert.deepEqual([delivery.state, delivery.failedStep], ['FAILED', 'callback'])
    assert.match(String(delivery.detail), /redirect/)
    assert.equal(callsTo('/elsewhere').length, 0)
  })

  it('hold up no session, not even its retries, and are held up by none', async () => {
    receiver.answers = [{ status: 204 }]
    const hanging = await turn('second', '/hang')
    await until('the callback that hangs', () => callsTo('/hang')[0])
    await rm(join(home, 'tried'))
    const order = { message: 'next', session: 'second' }
    const next = await post(`${server.url}/api/hooks/agent`, order, { prefer: 'wait=20' })
    assert.equal(next.status, 200)
    assert.equal(next.body.response, 'next')
    assert.equal((await seen(home, server, hanging.body.deliveryId)).state, 'PENDING')
  })

  it('go out again after a stop and after a crash', async () => {
    const { body } = await turn('good', '/hang-on')
    await until('the callback that hangs', () => callsTo('/hang-on')[0])
    assert.equal(await server.stop(), 0)
    assert.equal((await show(home, body.deliveryId)).state, 'PENDING')
    server = await serve(home)
    await until('a second callback', () => callsTo('/hang-on')[1])
    await server.kill9()
    server = await serve(home)
    await until('a third callback', () => callsTo('/hang-on')[2])
    const { events } = await seen(home, server, body.deliveryId)
    assert.equal(events.filter(({ kind }) => kind === 'turn_completed').length, 1)
  })

  it('reach nothing that is not public unless it is allowed', async () => {
    configure(home, settings([], { secret: callbackKey }))
    await until('the reload', async () => ((await turn('good', '/x')).status === 422 ? true : undefined))
    const { body } = await turn('good', '', { callbackUrl: `http://localhost:${receiver.port}/private` })
    const delivery = await settled(home, server, body.deliveryId)
    assert.deepEqual([delivery.state, delivery.failedStep], ['FAILED', 'callback'])
    assert.match(String(delivery.detail), /not a public address/)
    assert.equal(callsTo('/private').length, 0)
  })

  it('are signed with the hook secret when they have none of their own', async () => {
    configure(home, settings(['127.0.0.0/8']))
    const { body } = await until('the reload', async () => {
      const answer = await turn('good', '/shared')
      return answer.status === 202 ? answer : undefined
    })
    assert.equal((await settled(home, server, body.deliveryId)).state, 'DELIVERED')
    const call = callsTo('/shared')[0]
    assert.ok(call)
    new Webhook(secret, { format: 'raw' }).verify(call.body, call.headers as Record<string, string>)
    assert.ok(!call.body.includes(secret))
  })
})
