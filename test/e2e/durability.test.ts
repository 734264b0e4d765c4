import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { cli, scratchHome, serve } from '../support/binary.ts'
import { currentPlatform } from '../support/platform.ts'

const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=0', ...headers },
    body: JSON.stringify(body),
  })

interface Listed {
  readonly id: string
  readonly message: string
  readonly state: string
  readonly storedAt: string
}

async function deliveries(home: string, ...flags: string[]): Promise<readonly Listed[]> {
  const { stdout } = await cli(['deliveries', 'ls', '--json', '--limit', '100000', ...flags], { home })
  return JSON.parse(stdout) as Listed[]
}

async function until(what: string, holds: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  for (const end = Date.now() + withinMs; ; ) {
    if (await holds()) return
    assert.ok(Date.now() < end, `${what} did not come about`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('revoke', () => {
  it('lets nothing in any more once it returned, with 500 knocks in flight', {
    timeout: 60_000,
  }, async () => {
    const home = await scratchHome()
    await cli(['session', 'add', 'box', '--driver', 'inbox'], { home })
    const server = await serve(home)
    const minted = JSON.parse((await cli(['expose', '--session', 'box', '--json'], { home })).stdout) as {
      grantId: string
      webhook: string
    }
    const url = `${server.url}${new URL(minted.webhook).pathname}`
    let revokedAt = Number.POSITIVE_INFINITY
    const knocks = Array.from({ length: 500 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i))
      const sentAt = Date.now()
      const { status } = await post(url, { message: `knock ${i}` })
      return { status, late: sentAt > revokedAt }
    })
    await new Promise((resolve) => setTimeout(resolve, 120))
    assert.equal((await cli(['revoke', minted.grantId], { home })).code, 0)
    revokedAt = Date.now()
    const answers = await Promise.all(knocks)
    assert.ok(answers.some(({ status }) => status === 202))
    assert.deepEqual(
      answers.filter(({ late, status }) => late && status !== 403),
      [],
    )
    const stored = await deliveries(home)
    assert.equal(stored.length, answers.filter(({ status }) => status === 202).length)
    assert.deepEqual(
      stored.filter(({ storedAt }) => Date.parse(storedAt) > revokedAt),
      [],
    )
    await server.stop()
  })
})

describe('a home', () => {
  it('has one server; the second refuses and says why', { timeout: 60_000 }, async () => {
    const home = await scratchHome()
    const server = await serve(home)
    const second = await cli(['serve', '--port', '0'], { home })
    assert.equal(second.code, 1)
    assert.match(second.stderr, /Another postern serves this home/)
    await server.kill9()
    await (await serve(home)).stop()
  })
})

describe('SIGTERM', () => {
  it('lets what is in flight finish and loses nothing', { timeout: 60_000 }, async () => {
    const home = await scratchHome()
    await cli(['session', 'add', 'slow', '--driver', 'command', '--', 'sh', '-c', 'sleep 1; cat'], { home })
    const server = await serve(home)
    const url = (await cli(['expose', '--session', 'slow', '--quiet'], { home })).stdout.trim()
    const first = post(url, { message: 'first' }, { prefer: 'wait=10' })
    await until('the first in flight', async () => (await deliveries(home)).length === 1)
    await post(url, { message: 'second' })
    assert.equal(await server.stop(), 0)
    assert.equal((await first).status, 200)
    const states = (await deliveries(home)).map(({ message, state }) => [message, state])
    assert.deepEqual(states, [
      ['second', 'PENDING'],
      ['first', 'DELIVERED'],
    ])
    const again = await serve(home)
    await until(
      'the second delivered',
      async () => (await deliveries(home, '--state', 'PENDING')).length === 0,
    )
    await again.stop()
  })
})

describe('SIGTERM while another process writes', () => {
  it('answers every knock that waits to be stored', { timeout: 60_000 }, async () => {
    const home = await scratchHome()
    const server = await serve(home)
    const url = (await cli(['expose', '--session', 'default', '--quiet'], { home })).stdout.trim()
    const holder = (await currentPlatform()).openDatabase(join(home, 'postern.db'))
    holder.exec('BEGIN IMMEDIATE')
    const sent = Array.from({ length: 40 }, (_, i) =>
      post(url, { message: `knock ${i}` }).then(
        ({ status }) => status,
        () => 'cut off',
      ),
    )
    await new Promise((resolve) => setTimeout(resolve, 300))
    const stopped = server.stop()
    await new Promise((resolve) => setTimeout(resolve, 2700))
    holder.exec('COMMIT')
    holder.close()
    assert.deepEqual(new Set(await Promise.all(sent)), new Set([202]))
    assert.equal(await stopped, 0)
    assert.equal((await deliveries(home)).length, 40)
  })
})

describe('a restart with thousands waiting', () => {
  it('goes on by itself, in order', { timeout: 120_000 }, async () => {
    const home = await scratchHome()
    await cli(['session', 'add', 'box', '--driver', 'inbox'], { home })
    const server = await serve(home, { env: { POSTERN_KNOCKS_PER_MINUTE: '0' } })
    const url = (await cli(['expose', '--session', 'box', '--quiet'], { home })).stdout.trim()
    const sent = 500
    for (let i = 0; i < sent; i += 50)
      await Promise.all(Array.from({ length: 50 }, (_, j) => post(url, { message: `${i + j}` })))
    const waiting = (await deliveries(home, '--state', 'PENDING')).length
    assert.equal(waiting, sent)
    await server.kill9()
    await cli(['session', 'add', 'box', '--replace', '--driver', 'command', '--', 'cat'], { home })
    const again = await serve(home)
    await until(
      'everything delivered',
      async () => (await deliveries(home, '--state', 'PENDING')).length === 0,
      90_000,
    )
    const all = await deliveries(home)
    assert.ok(all.every(({ state }) => state === 'DELIVERED'))
    await again.stop()
  })
})

describe('sessions', () => {
  it('a hanging one slows nobody, a dead one answers 410, a busy one gets its messages in order', {
    timeout: 90_000,
  }, async () => {
    const home = await scratchHome()
    await cli(['session', 'add', 'hung', '--driver', 'command', '--', 'sleep', '60'], { home })
    await cli(['session', 'add', 'quick', '--driver', 'command', '--', 'sh', '-c', 'sleep 0.2; cat'], {
      home,
    })
    const server = await serve(home)
    const urlOf = async (session: string) =>
      (await cli(['expose', '--session', session, '--quiet'], { home })).stdout.trim()
    const [hung, quick] = [await urlOf('hung'), await urlOf('quick')]
    assert.equal((await post(hung, { message: 'hello?' })).status, 202)
    assert.equal((await post(quick, { message: 'now' }, { prefer: 'wait=10' })).status, 200)
    for (let i = 0; i < 10; i++) assert.equal((await post(quick, { message: `${i}` })).status, 202)
    await until('ten delivered', async () => {
      const quicks = await deliveries(home, '--session', 'quick')
      return quicks.every(({ state }) => state === 'DELIVERED')
    })
    await cli(['session', 'end', 'hung'], { home })
    assert.equal((await post(hung, { message: 'gone' })).status, 410)
    await server.stop()
  })
})
