import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { adminToken } from '../support/hooks.ts'

const secret = 'k3J9x-2mQ7p_ZtR5vW8y'
const forbidden = {
  type: 'urn:postern:problem:forbidden',
  title: 'Forbidden',
  status: 403,
  detail: 'This URL or token opens nothing.',
  code: 'forbidden',
}

let home: string
let server: Served

const run = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await cli(args, { home })
  assert.equal(code, 0, stderr)
  return stdout.trim()
}
const json = async (...args: string[]) => JSON.parse(await run(...args, '--json'))
/** The path of a fresh URL; the port changes when the server starts again. */
const expose = async (...args: string[]): Promise<string> =>
  new URL(await run('expose', '--session', 'build', '--quiet', ...args)).pathname

async function post(path: string, body: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=0', ...headers },
    body,
  })
  return {
    status: response.status,
    replayed: response.headers.get('idempotency-replayed'),
    answer: await response.json(),
  }
}
const say = (path: string, key?: string, message = 'hi') =>
  post(path, JSON.stringify({ message, ...(key !== undefined && { idempotency_key: key }) }))
const statusOf = async (path: string) => (await say(path)).status

before(async () => {
  home = await scratchHome()
  await mkdir(join(home, 'preferences'), { recursive: true, mode: 0o700 })
  const hooks = { deploy: { name: 'deploy', messageTemplate: '{{text}}', session: 'build' } }
  await writeFile(
    join(home, 'preferences/webhooks.json'),
    JSON.stringify({ webhooks: { enabled: true, secret, hooks } }),
  )
  server = await serve(home)
  await run('session', 'add', 'build', '--driver', 'inbox')
})
after(() => server.stop())

describe('a URL of one use', () => {
  it('answers like a dead one then, whatever comes, but for the repeat of its own message', async () => {
    const url = await expose('--uses', '1')
    const token = url.slice('/hook/'.length)
    for (const method of ['GET', 'HEAD', 'PUT'])
      assert.equal((await fetch(server.url + url, { method })).status, 405)
    for (const [body, status] of [
      ['x', 400],
      ['[]', 422],
    ] as const)
      assert.equal((await post(url, body)).status, status)
    const first = await say(url, 'a')
    assert.equal(first.status, 202)
    for (const body of ['{"message":"hi"}', '{"message":"hi","idempotency_key":"b"}', 'x', '[]', ''])
      assert.deepEqual(await post(url, body), { status: 403, replayed: null, answer: forbidden })
    assert.deepEqual(await post(url, 'hi', { 'content-type': 'image/png' }), {
      status: 403,
      replayed: null,
      answer: forbidden,
    })
    const again = await say(url, 'a')
    assert.deepEqual([again.status, again.replayed], [202, 'true'])
    assert.equal(again.answer.deliveryId, first.answer.deliveryId)
    assert.equal((await say(url, 'a', 'other')).status, 409)
    const own = await fetch(`${server.url}/api/deliveries/${first.answer.deliveryId}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    assert.equal(own.status, 200)
    await own.body?.cancel()
    const [grant] = await json('ls')
    assert.deepEqual([grant.uses, grant.maxUses, grant.state], [1, 1, 'used_up'])
    assert.match(await run('ls'), /1\/1 \(used up\)/)
    await run('revoke', grant.id)
    assert.equal((await say(url, 'a')).status, 403)
  })

  it('gets its message again by its key after the server was killed', async () => {
    const url = await expose('--uses', '1')
    const { answer } = await say(url, 'killed')
    await server.kill9()
    server = await serve(home)
    const again = await say(url, 'killed')
    assert.deepEqual([again.status, again.replayed], [202, 'true'])
    assert.equal(again.answer.deliveryId, answer.deliveryId)
    assert.equal(await statusOf(url), 403)
  })
})

describe('pause and resume act on a running server at once', () => {
  it('of a grant', async () => {
    const url = await expose()
    const [{ id }] = await json('ls')
    for (let twice = 0; twice < 2; twice++) await run('pause', id)
    assert.deepEqual(await say(url), { status: 403, replayed: null, answer: forbidden })
    assert.equal((await json('ls'))[0].state, 'paused')
    for (let twice = 0; twice < 2; twice++) await run('resume', `grant:${id}`)
    assert.equal(await statusOf(url), 202)
  })

  it('of a session and a hook: 202, held, then in order', async () => {
    await run('session', 'add', 'calm', '--driver', 'inbox')
    const url = new URL(await run('expose', '--session', 'calm', '--quiet')).pathname
    await run('pause', 'session:calm')
    const sent = [await say(url, undefined, 'one'), await say(url, undefined, 'two')]
    for (const { status, answer } of sent) assert.deepEqual([status, answer.reason], [202, 'paused'])
    assert.equal((await cli(['inbox', '--session', 'calm'], { home })).code, 3)
    const list = await json('deliveries', 'ls', '--session', 'calm')
    assert.deepEqual(
      list.map(({ heldBecause }: { heldBecause: string }) => heldBecause),
      ['paused', 'paused'],
    )
    assert.match(await run('session', 'ls'), /^calm +inbox +paused /m)
    await run('resume', 'calm')
    for (const { answer } of sent) {
      const next = await json('inbox', '--session', 'calm')
      assert.equal(next.id, answer.deliveryId)
      await run('inbox', 'ack', next.id)
    }
  })

  it('of a hook by its bare name; probes are answered all the while', async () => {
    const authorization = `Bearer ${secret}`
    await run('pause', 'deploy')
    const { status, answer } = await post('/api/hooks/deploy', '{"text":"out"}', { authorization })
    assert.deepEqual([status, answer.reason], [202, 'paused'])
    const probe = await fetch(`${server.url}/api/hooks/deploy`, {
      method: 'HEAD',
      headers: { authorization },
    })
    assert.equal(probe.status, 200)
    const held = async () => (await json('deliveries', 'ls', '--hook', 'deploy'))[0].heldBecause
    assert.equal(await held(), 'paused')
    const doctor = await cli(['doctor'], { home })
    assert.match(doctor.stdout, /postern resume hook:deploy/)
    await run('resume', 'hook:deploy')
    assert.equal(await held(), 'inbox')
  })

  it('says what a name fits, and nothing more', async () => {
    await run('session', 'add', 'deploy', '--driver', 'inbox')
    const both = await cli(['pause', 'deploy'], { home })
    assert.deepEqual(
      [both.code, both.stderr],
      [2, 'postern: "deploy" fits hook:deploy and session:deploy. Say which.\n'],
    )
    assert.equal((await cli(['pause', 'nobody'], { home })).code, 3)
    assert.equal((await cli(['pause', 'hook:nobody'], { home })).code, 3)
    assert.equal((await cli(['pause', 'nobody:a'], { home })).code, 2)
    await run('session', 'end', 'deploy')
  })
})

describe('rotate', () => {
  it('lets the URL before it in for the grace, and keeps the grant', async () => {
    const first = await expose('--label', 'ci', '--uses', '9')
    const [before] = await json('ls')
    const second = new URL((await json('rotate', before.id)).webhook).pathname
    assert.deepEqual([await statusOf(first), await statusOf(second)], [202, 202])
    const third = new URL(await run('rotate', before.id, '--quiet')).pathname
    assert.deepEqual([await statusOf(first), await statusOf(second), await statusOf(third)], [403, 202, 202])
    const fourth = new URL(await run('rotate', before.id, '--grace', '0', '--quiet')).pathname
    assert.deepEqual([await statusOf(third), await statusOf(fourth)], [403, 202])
    const [grant] = await json('ls')
    assert.deepEqual([grant.id, grant.label, grant.expires, grant.uses], [before.id, 'ci', before.expires, 5])
    assert.match(await run('rotate', before.id), /^Channel: .*\nGrant ID: .*\nWebhook: .*\nExpires: .*$/)
    await run('revoke', before.id)
    const refused = await cli(['rotate', before.id], { home })
    assert.deepEqual([refused.code, refused.stdout], [3, ''])
    assert.match(refused.stderr, /is revoked/)
  })
})

describe('with the server down', () => {
  it('pauses, resumes and rotates all the same', async () => {
    const [paused, rotated] = [await expose(), await expose()]
    const [second, first] = await json('ls')
    await server.stop()
    for (const what of [first.id, 'hook:deploy', 'session:build']) await run('pause', what)
    const fresh = new URL(await run('rotate', second.id, '--grace', '0', '--quiet')).pathname
    server = await serve(home)
    assert.deepEqual([await statusOf(paused), await statusOf(rotated)], [403, 403])
    assert.equal((await say(fresh)).answer.reason, 'paused')
    await server.stop()
    for (const what of [first.id, 'hook:deploy', 'session:build']) await run('resume', what)
    server = await serve(home)
    assert.equal(await statusOf(paused), 202)
    assert.notEqual((await say(fresh)).answer.reason, 'paused')
  })
})

describe('/api/grants/<id>', () => {
  it('pause, resume and rotate', async () => {
    const url = await expose()
    const [{ id }] = await json('ls')
    const authorization = `Bearer ${await adminToken(home)}`
    const act = (what: string, body?: string) =>
      post(`/api/grants/${what}`, body ?? '', { authorization, ...(!body && { 'content-type': '' }) })
    const paused = await act(`${id}/pause`)
    assert.deepEqual([paused.status, paused.answer.paused], [200, true])
    assert.equal(await statusOf(url), 403)
    assert.equal((await act(`${id.slice(0, 8)}/resume`)).answer.paused, false)
    const rotated = await act(`${id}/rotate`, '{"grace":0}')
    assert.equal(rotated.answer.grantId, id)
    assert.equal(await statusOf(url), 403)
    assert.equal(await statusOf(new URL(rotated.answer.webhook).pathname), 202)
    assert.equal((await act(`${id}/rotate`, '{"grace":-1}')).status, 422)
    for (const what of ['pause', 'resume', 'rotate']) {
      assert.equal((await act(`0123456789abcdef/${what}`, what === 'rotate' ? '{}' : undefined)).status, 404)
      assert.equal((await fetch(`${server.url}/api/grants/${id}/${what}`, { method: 'POST' })).status, 401)
    }
    await run('revoke', id)
    assert.equal((await act(`${id}/rotate`, '{}')).status, 410)
  })
})

it('a used-up URL answers 403, and 429 at its rate limit', async () => {
  const url = await expose('--uses', '1')
  const statuses = new Set<number>()
  for (let knocks = 0; knocks < 700 && !statuses.has(429); knocks++) statuses.add(await statusOf(url))
  assert.deepEqual([...statuses], [202, 403, 429])
})

for (const verb of ['mint_own', 'decide'])
  it(`nobody mints ${verb}, and nobody is offered it`, async () => {
    const refused = await cli(['expose', '--session', 'build', '--verb', verb], { home })
    assert.deepEqual([refused.code, refused.stdout], [2, ''])
    assert.match(refused.stderr, /not minted on request/)
    assert.ok(!(await run('expose', '--help')).includes(verb))
    assert.ok(!(await run('__complete', 'expose', '--session', 'build', '--verb', '')).includes(verb))
  })
