import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import {
  addCommand,
  asked,
  configure,
  countDeliveries,
  get,
  hooks,
  post,
  type Shown,
  secret,
  seen,
  settled,
  until,
} from '../support/hooks.ts'
import { ownCapability } from '../support/own-capability.ts'
import { openReceiver } from '../support/receiver.ts'

const responseSchema = {
  type: 'object',
  required: ['verdict'],
  properties: { verdict: { enum: ['pass', 'fail'] } },
}

interface World {
  readonly home: string
  readonly server: Served
}

/** A home whose session for agent knocks is this shell command. */
async function agentWith(script: string, env: Readonly<Record<string, string>> = {}): Promise<World> {
  const home = await scratchHome()
  configure(home, hooks())
  await addCommand(home, 'webhook-agent', script, env)
  return { home, server: await serve(home) }
}

const knock = ({ server }: World, body: object, headers: Readonly<Record<string, string>> = {}) =>
  post(`${server.url}/api/hooks/agent`, { message: 'Review it.', ...body }, { prefer: 'wait=60', ...headers })

describe('responseSchema of an agent knock', () => {
  it('tells the agent, asks once more, and answers with the checked JSON', async () => {
    const world = await agentWith(
      `case "$(cat)" in *'does not fit'*) echo 'Sorry:'; printf '\`\`\`json\\n{"verdict":"pass"}\\n\`\`\`\\n' ;; *'JSON Schema'*) echo 'It looks fine.' ;; esac`,
    )
    const { status, body } = await knock(world, { responseSchema })
    assert.deepEqual([status, body.status, body.response], [200, 'delivered', { verdict: 'pass' }])
    const record = await settled(world.home, world.server, body.deliveryId)
    assert.deepEqual(
      [record.state, record.answer, record.responseSchema, record.responseFits, record.message],
      ['DELIVERED', '{"verdict":"pass"}', responseSchema, true, 'Review it.'],
    )
    assert.ok(record.events.some(({ detail }) => detail === 'does not fit: it is no JSON'))
    await world.server.stop()
  })

  it('fails after two corrections, and keeps the last answer', async () => {
    const home = await scratchHome()
    configure(home, hooks())
    const turns = join(home, '..', 'turns')
    await addCommand(home, 'webhook-agent', `cat >> ${turns}; echo >> ${turns}; echo '{"verdict":"perhaps"}'`)
    const world = { home, server: await serve(home) }
    const { status, body } = await knock(world, { responseSchema })
    assert.equal(status, 502)
    assert.match(String(body.detail), /the answer does not fit its schema: at \/verdict: /)
    const record = await settled(home, world.server, body.deliveryId)
    assert.deepEqual(
      [record.state, record.failedStep, record.responseFits, record.answer],
      ['FAILED', 'turn', false, '{"verdict":"perhaps"}'],
    )
    assert.equal((await readFile(turns, 'utf8')).split('does not fit').length - 1, 2)
    await world.server.stop()
  })

  it('refuses what is no schema at the door, and stores nothing', async () => {
    const world = await agentWith('cat')
    for (const wrong of ['object', { type: 'objekt' }, { $ref: 'https://schemas.example/x' }]) {
      const { status, body } = await knock(world, { responseSchema: wrong })
      assert.deepEqual([status, body.code], [422, 'unprocessable'])
    }
    assert.equal(await countDeliveries(world.home, world.server), 0)
    await world.server.stop()
  })
})

/** An agent that works until its turn is let go: it ends when somebody writes to the pipe, with these last words. */
async function slowAgent(more: object = {}) {
  const home = await scratchHome()
  configure(home, { ...hooks(), ...more })
  const pipe = join(home, '..', 'pipe')
  await promisify(execFile)('mkfifo', [pipe])
  await addCommand(home, 'webhook-agent', `cat > /dev/null; cat ${pipe}`)
  const world = { home, server: await serve(home) }
  const token = await ownCapability(home, 'webhook-agent')
  return {
    world,
    token,
    reply: (id: unknown, body: object, { server } = world) =>
      post(`${server.url}/agent/deliveries/${id}/reply`, { ...body }, { authorization: `Bearer ${token}` }),
    finish: (words: string) => writeFile(pipe, words),
  }
}

interface Running {
  readonly id: string
  readonly inFlight: boolean
}

/** The id of the delivery whose turn runs. */
const running = ({ home, server }: World): Promise<string> =>
  until('a turn runs', async () => {
    const rows = await asked<readonly Running[]>(home, server, 'deliveries')
    return rows.find(({ inFlight }) => inFlight)?.id
  })

describe('POST /agent/deliveries/{id}/reply', () => {
  it('answers the caller at once, and once', async () => {
    const { world, reply, finish } = await slowAgent()
    const called = knock(world, {})
    const id = await running(world)
    const first = await reply(id, { text: 'It is green.' })
    assert.deepEqual([first.status, first.body], [200, { accepted: true, first: true }])
    const { status, body } = await called
    assert.deepEqual([status, body.status, body.response], [200, 'delivered', 'It is green.'])
    assert.deepEqual(
      [(await seen(world.home, world.server, id)).state, await running(world)],
      ['PENDING', id],
    )
    const second = await reply(id, { text: 'It is red.' })
    assert.deepEqual([second.status, second.body.code], [409, 'answered_already'])
    await finish('I am done.')
    const record = await settled(world.home, world.server, id)
    assert.deepEqual([record.state, record.answer], ['DELIVERED', 'It is green.'])
    assert.equal((await reply(id, { text: 'Still red.' })).status, 409)
    await world.server.stop()
  })

  it('says what does not fit, before the caller gets it', async () => {
    const { world, reply, finish } = await slowAgent()
    const called = knock(world, { responseSchema })
    const id = await running(world)
    const unfit = await reply(id, { json: { verdict: 'perhaps' } })
    assert.deepEqual([unfit.status, unfit.body.code], [422, 'unprocessable'])
    assert.match(String(unfit.body.detail), /at \/verdict: .*\["pass","fail"\]/)
    assert.equal((await reply(id, { json: { verdict: 'fail' } })).status, 200)
    const { status, body } = await called
    assert.deepEqual([status, body.response], [200, { verdict: 'fail' }])
    await finish('I am done.')
    const record = await settled(world.home, world.server, id)
    assert.deepEqual(
      [record.state, record.answer, record.responseFits],
      ['DELIVERED', '{"verdict":"fail"}', true],
    )
    await world.server.stop()
  })

  it('is kept for a sender who reads it later; once the turn is over nobody waits', async () => {
    const { world, reply, finish } = await slowAgent()
    const left = await knock(world, {}, { prefer: 'wait=0' })
    assert.equal(left.status, 202)
    const id = await running(world)
    const reading = get(`${world.server.url}/api/deliveries/${id}?wait=60`, secret)
    assert.equal((await reply(id, { text: 'It is green.' })).status, 200)
    assert.equal((await reading).body.answer, 'It is green.')
    await finish('I am done.')
    await settled(world.home, world.server, id)

    const next = knock(world, {}, { prefer: 'wait=60' })
    const other = await running(world)
    await finish('Nothing to say.')
    assert.equal((await next).body.response, 'Nothing to say.')
    const late = await reply(other, { text: 'One more thing.' })
    assert.deepEqual([late.status, late.body.code], [410, 'nobody_waits'])
    assert.equal((await seen(world.home, world.server, other)).answer, 'Nothing to say.')
    await world.server.stop()
  })

  it('is what the callback carries when the turn is over', async () => {
    const receiver = await openReceiver()
    const { world, reply, finish } = await slowAgent({ server: { callbacks: { allow: ['127.0.0.1'] } } })
    const order = { responseSchema, callbackUrl: `${receiver.url}/answer` }
    assert.equal((await knock(world, order, { prefer: 'wait=0' })).status, 202)
    const id = await running(world)
    assert.equal((await reply(id, { json: { verdict: 'pass' } })).status, 200)
    assert.equal(receiver.got.length, 0)
    await finish('I am done.')
    const { body } = await receiver.next(({ path }) => path === '/answer')
    const { type, data } = JSON.parse(body)
    assert.deepEqual([type, data.deliveryId, data.response], ['delivery.completed', id, { verdict: 'pass' }])
    assert.equal((await settled(world.home, world.server, id)).state, 'DELIVERED')
    receiver.close()
    await world.server.stop()
  })

  it('outlives kill -9 of the server, and a repeat of the knock gets it', async () => {
    const { world, reply } = await slowAgent()
    const key = { 'idempotency-key': 'review-1' }
    const called = knock(world, { responseSchema }, key).catch(() => undefined)
    const id = await running(world)
    assert.equal((await reply(id, { json: { verdict: 'pass' } })).status, 200)
    await world.server.kill9()
    await called
    const again = { home: world.home, server: await serve(world.home) }
    const record = await settled(again.home, again.server, id)
    assert.deepEqual([record.state, record.answer], ['DELIVERED', '{"verdict":"pass"}'])
    const { status, body, headers } = await knock(again, { responseSchema }, key)
    assert.deepEqual([status, body.deliveryId, body.response], [200, id, { verdict: 'pass' }])
    assert.equal(headers.get('idempotency-replayed'), 'true')
    const second = await reply(id, { json: { verdict: 'fail' } }, again)
    assert.equal(second.status, 409)
    await again.server.stop()
  })

  it('reaches who answered a wait, as often as it asks; no other session', async () => {
    const { world, reply, finish, token } = await slowAgent()
    const authorization = `Bearer ${token}`
    const order = { what: 'CI run 4711' }
    const { body: wait } = await post(`${world.server.url}/agent/waits`, order, { authorization })
    const knocked = await post(String(wait.url), { message: 'done' }, { authorization: '', prefer: 'wait=0' })
    const id = knocked.body.deliveryId
    await running(world)
    await finish('I saw it.')
    assert.equal((await settledState(world, id)).state, 'DELIVERED')
    const urlToken = String(wait.url).split('/').at(-1) ?? ''
    const reading = get(`${world.server.url}/api/deliveries/${id}?wait=60`, urlToken)
    await cli(['session', 'add', 'other', '--driver', 'inbox'], { home: world.home })
    const stranger = await ownCapability(world.home, 'other')
    const foreign = await post(
      `${world.server.url}/agent/deliveries/${id}/reply`,
      { text: 'Mine.' },
      { authorization: `Bearer ${stranger}` },
    )
    assert.equal(foreign.status, 403)
    assert.equal((await reply(id, { text: 'Thank you.' })).status, 200)
    assert.equal((await reading).body.answer, 'Thank you.')
    assert.equal((await reply(id, { text: 'Again.' })).status, 409)
    await world.server.stop()
  })
})

const settledState = ({ home, server }: World, id: unknown): Promise<Shown> =>
  until('it is settled', async () => {
    const record = await seen(home, server, id)
    return record.state === 'DELIVERED' ? record : undefined
  })
