import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it, test } from 'node:test'
import { promisify } from 'node:util'
import { answerIn } from '../../src/domain/wait-message.ts'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { type Answer, adminToken, configure, hooks, post, secret, until } from '../support/hooks.ts'
import { rounds } from '../support/long.ts'
import { ownCapability } from '../support/own-capability.ts'
import { messagesTo, shortWaits, statesOfWaits } from '../support/short-waits.ts'

interface Opened {
  readonly waitId: string
  readonly url: string
  readonly expiresAt: string
  readonly curl: string
  readonly githubStep: string
  readonly state: string
  readonly reachable: string
}

interface Waits {
  readonly waits: readonly { readonly waitId: string; readonly state: string; readonly deliveryId?: string }[]
  readonly cursor: string
}

/** The member `then` may stand in no literal: it would look like a promise. */
const planning = (plan: string, order: object) => ({ ...order, ...Object.fromEntries([['then', plan]]) })

const json = { 'content-type': 'application/json' }
const text = { 'content-type': 'text/plain' }

async function asAgent(
  { url }: Pick<Served, 'url'>,
  token: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && json) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const sent = await response.text()
  const { status, headers } = response
  return { status, headers, text: sent, body: sent === '' ? {} : JSON.parse(sent) }
}

/** A home with an inbox session, a server, and the capability of that session's agent. */
async function world() {
  const home = await scratchHome()
  configure(home, { ...hooks(), server: { waitSeconds: 0 }, limits: { knocksPerMinute: 0 } })
  const add = (id: string) => cli(['session', 'add', id, '--driver', 'inbox', '--replace'], { home })
  await add('build')
  const server = await serve(home)
  const token = await ownCapability(home, 'build')
  const request = (method: string, path: string, body?: unknown) => asAgent(server, token, method, path, body)
  return {
    ...{ home, server, token, add, request },
    waitFor: async (order: Readonly<Record<string, unknown>>): Promise<Opened> => {
      const { status, body, text } = await request('POST', '/agent/waits', order)
      assert.equal(status, 201, text)
      return body as unknown as Opened
    },
    waits: async (query = ''): Promise<Waits> =>
      (await request('GET', `/agent/waits${query}`)).body as unknown as Waits,
    /** What waits in the inbox, oldest first. */
    inbox: () => messagesTo(home, 'build'),
  }
}

const knock = (url: string, body: string, headers: Readonly<Record<string, string>> = json) =>
  fetch(url, { method: 'POST', body, headers: { prefer: 'wait=0', ...headers } })

describe('the waits of an agent', () => {
  let here: Awaited<ReturnType<typeof world>>
  before(async () => {
    here = await world()
  })

  it('wake it once with what came, what it waited for and what it planned', async () => {
    const { waitFor, waits, inbox } = here
    const { cursor } = await waits()
    const wait = await waitFor(
      planning('rerun the e2e tests if red', { what: 'CI run 4711', ttlSeconds: 60 }),
    )
    assert.deepEqual([wait.state, wait.reachable], ['armed', 'local'])
    const received = await knock(wait.url, '{"conclusion":"failure","run":4711}')
    assert.equal(received.status, 202)
    const { deliveryId } = (await received.json()) as { deliveryId: string }
    const message = (await inbox()).at(-1) ?? ''
    assert.match(
      message,
      new RegExp(`^\\[postern\\] wait ${wait.waitId} answered after \\d+s: CI run 4711\\n`),
    )
    assert.match(message, /\nYou planned: rerun the e2e tests if red\n<<<outside /)
    assert.equal(answerIn(message), '{"conclusion":"failure","run":4711}')
    assert.ok(message.includes(`\nThis wait is closed. Whole payload: read ${deliveryId}`))
    assert.equal((await knock(wait.url, '{}')).status, 403)
    const { waits: changed } = await waits(`?after=${cursor}`)
    assert.deepEqual(
      changed.map(({ waitId, state, deliveryId: by }) => [waitId, state, by]),
      [[wait.waitId, 'answered', deliveryId]],
    )
  })

  it('are answered by the curl that was printed, in bash', async () => {
    const { waitFor, inbox } = here
    for (const accept of ['any', 'json', 'text']) {
      const { curl } = await waitFor({ what: `curl ${accept}`, accept })
      await promisify(execFile)('bash', ['-ec', curl])
      // A sender that lost the answer runs it once more.
      await promisify(execFile)('bash', ['-ec', curl])
      const messages = (await inbox()).filter((message) => message.includes(`curl ${accept}\n`))
      assert.equal(messages.length, 1)
      assert.equal(answerIn(messages[0] ?? ''), accept === 'json' ? '{"status":"done"}' : 'done')
    }
  })

  it('are answered by the step for GitHub Actions: its run block in bash', async () => {
    const { waitFor, inbox } = here
    for (const accept of ['any', 'json', 'text']) {
      const { githubStep, url } = await waitFor({ what: `step ${accept}`, accept })
      const run = githubStep
        .slice(githubStep.indexOf('  run: |\n') + '  run: |\n'.length)
        .replace(/^ {4}/gm, '')
      const env = {
        PATH: process.env.PATH ?? '',
        POSTERN_URL: /POSTERN_URL: (\S+)/.exec(githubStep)?.[1],
        STATUS: 'failure',
        GITHUB_JOB: 'e2e',
        RUN: 'https://github.com/acme/app/actions/runs/1',
      }
      assert.equal(env.POSTERN_URL, url)
      await promisify(execFile)('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run], { env })
      const message = (await inbox()).find((each) => each.includes(`step ${accept}\n`)) ?? ''
      const run1 = 'https://github.com/acme/app/actions/runs/1'
      assert.equal(
        answerIn(message),
        accept === 'text' ? `failure: ${run1}` : `{"status":"failure","job":"e2e","run":"${run1}"}`,
      )
    }
  })

  it('take what they accept, and nothing is spent by the rest', async () => {
    const { waitFor, inbox, request } = here
    const cases: readonly (readonly [string, string, Readonly<Record<string, string>>, number | string])[] = [
      ['any', '{"message":"hi"}', json, 'hi'],
      ['any', '{"message":"hi","from":"ci"}', json, '[ci] hi'],
      ['any', '{"message":"hi","ok":true}', json, '{"message":"hi","ok":true}'],
      ['any', '{"message":42}', json, '{"message":42}'],
      ['any', '[1, 2]', json, '[1, 2]'],
      ['any', '18446744073709551616', json, '18446744073709551616'],
      ['any', 'so it is', text, 'so it is'],
      ['any', '{"a":1}', { 'content-type': 'application/cloudevents+json' }, '{"a":1}'],
      ['text', '{"message":"hi"}', json, 'hi'],
      ['json', '{"message":"hi"}', json, '{"message":"hi"}'],
      ['any', '{"message":" "}', json, 422],
      ['any', '', text, 422],
      ['any', '{"a"', json, 400],
      ['any', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
      ['text', '{"a":1}', json, 422],
      ['json', 'so it is', text, 415],
      ['json', '{"a":1}', { ...json, 'idempotency-key': 'k'.repeat(256) }, 422],
    ]
    for (const [index, [accept, body, headers, expected]] of cases.entries()) {
      const { url, waitId } = await waitFor({ what: `case ${index}.`, accept })
      for (const method of ['HEAD', 'GET']) assert.equal((await fetch(url, { method })).status, 405)
      const { status } = await knock(url, body, headers)
      if (typeof expected === 'number') {
        assert.equal(status, expected, `${body} at ${accept}`)
        assert.equal(
          (await knock(url, 'mended', accept === 'json' ? json : text)).status,
          accept === 'json' ? 400 : 202,
        )
        if (accept === 'json') await request('DELETE', `/agent/waits/${waitId}`)
      } else {
        assert.equal(status, 202, `${body} at ${accept}`)
        const message = (await inbox()).find((each) => each.includes(`: case ${index}.\n`)) ?? ''
        assert.equal(answerIn(message), expected)
      }
    }
  })

  it('are one under one key, with the same URL', async () => {
    const { request, waitFor } = here
    const order = { what: 'the same', key: 'k1' }
    const first = await waitFor(order)
    const again = await request('POST', '/agent/waits', order)
    assert.equal(again.status, 200)
    assert.deepEqual(again.body, first)
    assert.equal((await request('POST', '/agent/waits', { ...order, what: 'another' })).status, 409)
    await knock(first.url, 'x', text)
    const closed = await request('POST', '/agent/waits', order)
    assert.deepEqual([closed.status, closed.body.state], [200, 'answered'])
  })

  it('are at most 8, and cancelling one makes room', async () => {
    const { request, waitFor } = here
    const open: Opened[] = []
    for (let n = Number((await request('GET', '/agent/self')).body.openWaits); n < 8; n++)
      open.push(await waitFor({ what: `no. ${n}` }))
    const refused = await request('POST', '/agent/waits', { what: 'one too many' })
    assert.deepEqual([refused.status, refused.body.code], [409, 'wait_limit'])
    const [first, ...others] = open
    assert.ok(String(refused.body.detail).includes(first?.waitId ?? '-'))
    const path = `/agent/waits/${first?.waitId}`
    for (const _ of [1, 2])
      assert.deepEqual((await request('DELETE', path)).body, { waitId: first?.waitId, state: 'cancelled' })
    assert.equal((await knock(first?.url ?? '', 'x', text)).status, 403)
    const { waitId } = await waitFor({ what: 'there is room' })
    for (const id of [waitId, ...others.map((each) => each.waitId)])
      await request('DELETE', `/agent/waits/${id}`)
  })

  it('are refused without sense', async () => {
    const { request } = here
    const orders = [
      {},
      { what: ' ' },
      { what: 'x'.repeat(201) },
      { what: 'x', ttlSeconds: 29 },
      { what: 'x', ttlSeconds: 86_401 },
      { what: 'x', accept: 'xml' },
      { what: 'x', plan: 'y' },
    ]
    for (const order of orders)
      assert.equal((await request('POST', '/agent/waits', order)).status, 422, JSON.stringify(order))
  })

  it('are read whole, part by part, between markers', async () => {
    const { waitFor, request, inbox } = here
    const long = JSON.stringify({ log: 'ä'.repeat(20_000), last: '\u{1f600}' })
    const { url, waitId } = await waitFor({ what: 'a long log' })
    const { deliveryId } = (await (await knock(url, long)).json()) as { deliveryId: string }
    const message = (await inbox()).find((each) => each.includes(waitId)) ?? ''
    assert.ok(Buffer.byteLength(message) <= 4096)
    let whole = ''
    for (let offset: unknown = 0; offset !== undefined; ) {
      const { status, body, text } = await request('GET', `/agent/deliveries/${deliveryId}?offset=${offset}`)
      assert.equal(status, 200, text)
      const [, open, part = '', close] =
        /^<<<outside ([0-9a-f]{16}) : [^\n]*\n([\s\S]*)\noutside ([0-9a-f]{16})>>>$/.exec(
          String(body.text),
        ) ?? []
      assert.equal(open, close)
      assert.deepEqual([body.total, typeof body.headers], [long.length, 'object'])
      whole += part
      offset = body.next
    }
    assert.equal(whole, long)
  })

  it('show whoever answered nothing of what the agent wrote', async () => {
    const { waitFor, server } = here
    const { url } = await waitFor(planning('private plan', { what: 'private words' }))
    const { deliveryId } = (await (await knock(url, 'hi', text)).json()) as { deliveryId: string }
    const bearer = url.slice(url.lastIndexOf('/') + 1)
    const seen = await asAgent(server, bearer, 'GET', `/api/deliveries/${deliveryId}`)
    assert.deepEqual([seen.status, seen.body.message], [200, 'hi'])
    assert.doesNotMatch(seen.text, /private/)
  })

  it('are seen by people', async () => {
    const { waitFor, home, server } = here
    const { waitId, url } = await waitFor(planning('tell them', { what: 'the deploy' }))
    const admin = await adminToken(home)
    const { body } = await asAgent(server, admin, 'GET', '/api/waits?open=yes&session=build')
    const listed = body as unknown as readonly { id: string; what: string; plan: string; state: string }[]
    assert.deepEqual(
      listed.filter(({ id }) => id === waitId).map(({ what, plan, state }) => [what, plan, state]),
      [['the deploy', 'tell them', 'armed']],
    )
    assert.match((await cli(['ls'], { home })).stdout, /wait: the deploy/)
    const shown = await cli(['session', 'show', 'build'], { home })
    assert.match(shown.stdout, new RegExp(`Waits for:\\s+the deploy \\(${waitId}, until `))
    const gone = await asAgent(server, admin, 'DELETE', `/api/waits/${waitId}`)
    assert.deepEqual([gone.status, gone.body.state], [200, 'cancelled'])
    assert.equal((await knock(url, 'x', text)).status, 403)
  })
})

test('the capability of an agent opens nothing but its own waits and messages', async () => {
  const { home, server, token, add, request, waitFor } = await world()
  await add('other')
  const others = await ownCapability(home, 'other')
  const mine = await waitFor({ what: 'mine' })
  const asOther = (method: string, path: string, body?: unknown) =>
    asAgent(server, others, method, path, body)
  const { deliveryId } = (await (await knock(mine.url, 'x', text)).json()) as { deliveryId: string }
  const still = await waitFor({ what: 'still mine' })
  for (const [method, path] of [
    ['GET', `/agent/waits?id=${still.waitId}`],
    ['DELETE', `/agent/waits/${still.waitId}`],
    ['DELETE', '/agent/waits/w_000000000000'],
    ['GET', `/agent/deliveries/${deliveryId}`],
    ['GET', '/agent/deliveries/whd_000000000000000000000000'],
  ] as const)
    assert.equal((await asOther(method, path)).status, 403, path)
  assert.deepEqual((await asOther('GET', '/agent/waits')).body.waits, [])
  assert.equal((await request('GET', `/agent/deliveries/${deliveryId}`)).status, 200)

  for (const path of [
    'grants',
    'sessions',
    'deliveries',
    'waits',
    'hooks',
    'refusals',
    `deliveries/${deliveryId}`,
  ]) {
    const { status } = await request('GET', `/api/${path}`)
    assert.ok([401, 403, 404].includes(status), `${path}: ${status}`)
  }
  assert.equal((await request('POST', '/api/grants', { session: 'build' })).status, 401)
  assert.equal((await knock(`${server.url}/hook/${token}`, 'x', text)).status, 403)
  assert.equal(
    (await post(`${server.url}/api/hooks/wake`, { message: 'x' }, { authorization: `Bearer ${token}` }))
      .status,
    401,
  )

  const admin = await adminToken(home)
  const urlToken = still.url.slice(still.url.lastIndexOf('/') + 1)
  for (const [bearer, status] of [
    [admin, 401],
    [secret, 401],
    ['', 401],
    [`${token}x`, 401],
    [urlToken, 403],
  ] as const) {
    assert.equal((await asAgent(server, bearer, 'GET', '/agent/self')).status, status)
    assert.equal((await asAgent(server, bearer, 'POST', '/agent/waits', { what: 'x' })).status, status)
  }

  await add('build')
  const after = await request('GET', '/agent/self')
  assert.equal(after.status, 403)
  assert.match(String(after.body.detail), /opening of the session .* is over/)
  assert.equal((await knock(still.url, 'x', text)).status, 403)
  await server.stop()
})

test('postern wait asks for the session of the agent that runs it, and prints the answer', async () => {
  const { home, server, token, inbox } = await world()
  const file = join(home, 'run', 'here.self')
  await writeFile(file, JSON.stringify({ home, session: 'build', generation: 'here', token }), {
    mode: 0o600,
  })
  const env = { POSTERN_SELF: file }
  const order = ['wait', '--what', 'a word', '--then', 'go on', '--key', 'k', '--ttl', '2m']
  const { stdout: url, code } = await cli([...order, '--quiet'], { home, env })
  assert.equal(code, 0)
  const blocked = cli([...order, '--block', '20'], { home, env })
  assert.equal((await knock(url.trim(), 'here it is', text)).status, 202)
  const answered = await blocked
  assert.equal(answered.code, 0, answered.stderr)
  assert.match(
    answered.stdout,
    /^Wait: +w_\w{12}\nWebhook: +http.*\nExpires: .*\nState: +a\w+\n<<<outside (\w+) : .*\nhere it is\noutside \1>>>\n$/,
  )
  assert.match((await inbox()).join(), /You planned: go on/)
  const open = await cli(['wait', '--what', 'nothing', '--block', '1', '--session', 'build'], { home })
  assert.deepEqual([open.code, /Still open: nothing/.test(open.stderr)], [3, true])
  const outside = await cli(['wait', '--what', 'x'], { home })
  assert.equal(outside.code, 3)
  assert.match(outside.stderr, /not inside a Postern session/)
  await server.stop()
})

test('64 posts at once: one is taken', async () => {
  const { server, waitFor, inbox, waits } = await world()
  for (let round = 1; round <= rounds(5, 200); round++) {
    const { url, waitId } = await waitFor({ what: 'one of many' })
    const statuses = await Promise.all(
      Array.from({ length: 64 }, async (_, i) => {
        const response = await knock(url, `no. ${i}`, text)
        await response.body?.cancel()
        return response.status
      }),
    )
    assert.deepEqual(
      statuses.filter((status) => status !== 403),
      [202],
    )
    assert.equal((await waits(`?id=${waitId}`)).waits[0]?.state, 'answered')
  }
  assert.equal((await inbox()).length, rounds(5, 200))
  await server.stop()
})

test('a server that dies after the commit: the repeat is a replay, and wakes once', async () => {
  const { home, server, waitFor, inbox } = await world()
  const { url } = await waitFor({ what: 'a lost answer' })
  const keyed = { ...text, 'idempotency-key': 'attempt' }
  // The answer does not arrive: the server is gone before the session has taken the message.
  const lost = fetch(url, { method: 'POST', body: 'green', headers: { ...keyed, prefer: 'wait=20' } }).catch(
    () => 'lost',
  )
  await until('it is stored', async () => ((await inbox()).length === 1 ? true : undefined))
  await server.kill9()
  assert.equal(await lost, 'lost')
  const again = await serve(home)
  const repeat = await knock(url.replace(server.url, again.url), 'green', keyed)
  assert.deepEqual([repeat.status, repeat.headers.get('idempotency-replayed')], [202, 'true'])
  assert.equal((await knock(url.replace(server.url, again.url), 'green', text)).status, 403)
  assert.equal((await inbox()).length, 1)
  await again.stop()
})

test('a wait whose end came while no server ran tells at the start, once', async () => {
  const { home, server, inbox } = await world()
  await server.stop()
  const [wait] = await shortWaits(home, 1, 200)
  await new Promise((resolve) => setTimeout(resolve, 250))
  assert.equal((await statesOfWaits(home)).get(wait?.id ?? ''), 'armed')
  const again = await serve(home)
  const told = await inbox()
  assert.equal(told.length, 1)
  assert.match(told[0] ?? '', /nobody answered: soon\nYou planned for that: look\n/)
  assert.equal((await knock(`${again.url}/hook/${wait?.token}`, 'late', text)).status, 403)
  await again.kill9()
  const third = await serve(home)
  assert.equal((await inbox()).length, 1)
  await third.stop()
})

test('knocks at the very end, through kill -9: answered or expired, never both, never neither', async () => {
  const { home, server, inbox } = await world()
  let running = server
  const accepted = new Set<string>()
  const all: string[] = []
  const count = 24
  for (let round = 1; round <= rounds(3, 30); round++) {
    const opened = await shortWaits(home, count, 1500)
    all.push(...opened.map(({ id }) => id))
    const ends = Date.now() + 1500
    const knocks = opened.map(async ({ id, token }, i) => {
      await new Promise((resolve) => setTimeout(resolve, ends - Date.now() - 60 + i * 5))
      const status = await knock(`${running.url}/hook/${token}`, 'just in time', text).then(
        (response) => response.status,
        () => 0,
      )
      if (status === 202) accepted.add(id)
    })
    await new Promise((resolve) => setTimeout(resolve, ends - Date.now() - 40 + Math.random() * 120))
    await running.kill9()
    await Promise.all(knocks)
    running = await serve(home)
    await until('all are closed', async () =>
      [...(await statesOfWaits(home)).values()].includes('armed') ? undefined : true,
    )
  }
  const states = await statesOfWaits(home)
  const told = await inbox()
  for (const id of all) {
    const about = told.filter((message) => message.startsWith(`[postern] wait ${id} `))
    assert.equal(about.length, 1, `${id}: ${about.length}`)
    assert.equal(states.get(id), / answered after /.test(about[0] ?? '') ? 'answered' : 'expired')
    if (accepted.has(id)) assert.equal(states.get(id), 'answered')
  }
  await running.stop()
})
