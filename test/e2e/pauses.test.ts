import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type AdminProgram, adminOf, knockAt } from '../support/admin-api.ts'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { addCommand, configure, hooks, post, settled, until } from '../support/hooks.ts'
import { rounds } from '../support/long.ts'

/** Also for many rounds, and a busy machine. */
const timeout = 1_200_000

interface Listed {
  readonly id: string
  readonly state: string
  readonly heldBecause: string | null
}

const news = { messageTemplate: 'news {{text}}', session: 'agent' }

describe('a pause, through the built binary', () => {
  let home: string
  let server: Served
  let admin: AdminProgram
  let path: string

  before(async () => {
    home = await scratchHome()
    configure(home, { ...hooks({ news }), limits: { knocksPerMinute: 0, queuePerSession: 0 } })
    // Takes a message that says `slow` when it may.
    const slow = `case $text in *slow*) until test -e ${home}/go; do sleep 0.02; done ;; esac`
    await addCommand(home, 'agent', `text=$(cat); ${slow}; echo "$text" >> ${home}/got`)
    server = await serve(home)
    admin = adminOf(home, () => server)
    path = (await admin.mint({ session: 'agent' })).path
  })
  after(() => server.stop())

  const got = async (): Promise<readonly string[]> =>
    (await readFile(join(home, 'got'), 'utf8').catch(() => '')).split('\n').slice(0, -1)
  /** Also settled: what a crash cuts off in its attempt comes twice. */
  const has = (count: number) =>
    until(
      `${count} have arrived`,
      async () =>
        (await got()).length >= count && (await list('session=agent&state=PENDING')).length === 0
          ? true
          : undefined,
      120_000,
    )
  const knock = (message: string) => knockAt(server.url + path, message)
  const hook = async (text: string) => (await post(`${server.url}/api/hooks/news`, { text })).body
  const restart = async () => {
    await server.kill9()
    server = await serve(home)
  }
  const list = (query: string) => admin.ask<readonly Listed[]>('GET', `deliveries?${query}`)

  it('holds what comes to a session through kill -9, in the order of its coming', { timeout }, async () => {
    for (let round = 0; round < rounds(1, 20); round++) {
      const before = (await got()).length
      assert.equal((await admin.ask<{ paused: boolean }>('POST', 'sessions/agent/pause')).paused, true)
      const expected: string[] = []
      for (let n = 0; n < 6; n++) {
        const one = await knock(`knock ${round} ${n}`)
        assert.deepEqual([one.status, one.reason], [202, 'paused'])
        assert.equal((await hook(`${round} ${n}`)).reason, 'paused')
        expected.push(`knock ${round} ${n}`, `news ${round} ${n}`)
        if (n === 2) await restart()
      }
      await restart()
      const held = await list('session=agent&state=PENDING')
      assert.deepEqual(new Set(held.map(({ heldBecause }) => heldBecause)), new Set(['paused']))
      assert.equal(held.length, 12)
      assert.equal((await got()).length, before)
      assert.equal((await cli(['resume', 'session:agent'], { home })).code, 0)
      await has(before + 12)
      assert.deepEqual((await got()).slice(before), expected)
    }
  })

  it('of a hook lets others pass, and keeps its own in order through kill -9', { timeout }, async () => {
    const before = (await got()).length
    assert.equal((await cli(['pause', 'hook:news'], { home })).code, 0)
    for (const n of [1, 2, 3]) assert.equal((await hook(`held ${n}`)).reason, 'paused')
    await restart()
    assert.equal((await hook('held 4')).reason, 'paused')
    const passing = [await knock('passes 1'), await knock('passes 2')]
    for (const { deliveryId } of passing) await settled(home, server, deliveryId)
    await restart()
    assert.deepEqual((await got()).slice(before), ['passes 1', 'passes 2'])
    assert.equal((await admin.ask<{ paused: boolean }>('POST', 'hooks/news/resume')).paused, false)
    await has(before + 6)
    assert.deepEqual(
      (await got()).slice(before + 2),
      [1, 2, 3, 4].map((n) => `news held ${n}`),
    )
  })

  it('that comes while a message is under way holds the next, not that one', { timeout }, async () => {
    const before = (await got()).length
    const slow = await knock('slow')
    await until('it is under way', async () => {
      const { attempts } = await admin.ask<{ attempts: number }>('GET', `deliveries/${slow.deliveryId}`)
      return attempts > 0 ? true : undefined
    })
    await admin.ask('POST', 'sessions/agent/pause')
    const next = await knock('after it')
    assert.equal(next.reason, 'paused')
    await writeFile(join(home, 'go'), '')
    assert.equal((await settled(home, server, slow.deliveryId)).state, 'DELIVERED')
    assert.equal((await list('session=agent&state=PENDING'))[0]?.heldBecause, 'paused')
    await admin.ask('POST', 'sessions/agent/resume')
    assert.equal((await settled(home, server, next.deliveryId)).state, 'DELIVERED')
    assert.deepEqual((await got()).slice(before), ['slow', 'after it'])
  })

  it('amid knocks loses none, and all are delivered in the order of their ids', { timeout }, async () => {
    const before = (await got()).length
    const sent = new Map<string, string>()
    let sending = true
    const senders = Array.from({ length: 4 }, async (_, sender) => {
      for (let n = 0; sending; n++) {
        const { status, deliveryId } = await knock(`${sender}/${n}`)
        assert.equal(status, 202)
        sent.set(deliveryId, `${sender}/${n}`)
      }
    })
    for (let turn = 0; turn < rounds(1, 20); turn++)
      for (const act of ['pause', 'resume']) {
        const seen = sent.size
        await admin.ask('POST', `sessions/agent/${act}`)
        await until('more came', () => (sent.size > seen + 4 ? true : undefined))
      }
    sending = false
    await Promise.all(senders)
    await has(before + sent.size)
    const inOrder = [...sent].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, message]) => message)
    assert.deepEqual((await got()).slice(before), inOrder)
  })

  it('of a grant closes it like a dead one, through kill -9, also for what is still uploading', {
    timeout,
  }, async () => {
    const grant = await admin.mint({ session: 'agent' })
    const url = server.url + grant.path
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    const answer = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(String(chunk))))
    const body = '{"message":"half"}'
    socket.write(
      `POST ${grant.path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\n` +
        `content-length: ${body.length}\r\nprefer: wait=0\r\n\r\n${body.slice(0, 5)}`,
    )
    assert.equal((await knockAt(url, 'open')).status, 202)
    await admin.ask('POST', `grants/${grant.grantId}/pause`)
    socket.write(body.slice(5))
    assert.match(await answer, /^HTTP\/1\.1 403 /)
    socket.destroy()
    assert.equal((await knockAt(url, 'closed')).status, 403)
    await restart()
    const [dead, paused] = await Promise.all(
      [`/hook/${grant.token}x`, grant.path].map(async (at) => {
        const response = await fetch(server.url + at, {
          method: 'POST',
          body: '{"message":"x"}',
          headers: { 'content-type': 'application/json' },
        })
        return { status: response.status, text: await response.text() }
      }),
    )
    assert.deepEqual(paused, dead)
    assert.equal((await cli(['resume', grant.grantId.slice(0, 6)], { home })).code, 0)
    assert.equal((await knockAt(server.url + grant.path, 'open again')).status, 202)
  })
})

describe('a rotated URL, through the built binary', () => {
  it('opens its grant until the grace ends, and neither a restart nor a backup brings it back', {
    timeout,
  }, async () => {
    const home = await scratchHome()
    await cli(['session', 'add', 'build', '--driver', 'inbox'], { home })
    let server = await serve(home)
    const admin = adminOf(home, () => server)
    const first = await admin.mint({ session: 'build', uses: 7 })
    const rotate = async (grace: number) => {
      const { webhook } = await admin.ask<{ webhook: string }>('POST', `grants/${first.grantId}/rotate`, {
        grace,
      })
      return new URL(webhook).pathname
    }
    const statusOf = async (path: string) => (await knockAt(server.url + path, 'hi')).status
    const restore = async (file: string) => {
      await server.kill9()
      const { code, stderr } = await cli(['restore', file], { home })
      assert.equal(code, 0, stderr)
      server = await serve(home)
    }
    const backup = async (name: string) => {
      const { code, stderr } = await cli(['backup', `${home}-${name}`], { home })
      assert.equal(code, 0, stderr)
      return `${home}-${name}`
    }
    const usesOf = async () =>
      (await admin.ask<readonly { uses: number }[]>('GET', 'grants')).map(({ uses }) => uses)

    assert.equal(await statusOf(first.path), 202)
    const beforeAll = await backup('before')
    const second = await rotate(5)
    const within = await backup('within')
    assert.deepEqual([await statusOf(first.path), await statusOf(second)], [202, 202])
    await restore(within)
    // What the backup knew of: the use before it.
    assert.deepEqual(await usesOf(), [1])
    // What is refused spends no use.
    const isOver = async () => (await knockAt(server.url + first.path, ' ')).status === 403
    await until('the grace ends', async () => ((await isOver()) ? true : undefined))
    assert.equal(await statusOf(second), 202)
    for (const file of [within, beforeAll]) {
      await restore(file)
      assert.deepEqual([await statusOf(first.path), await statusOf(second)], [403, 202], file)
    }
    const third = await rotate(60)
    assert.deepEqual(await usesOf(), [2])
    assert.deepEqual(
      [await statusOf(first.path), await statusOf(second), await statusOf(third)],
      [403, 202, 202],
    )
    await restore(beforeAll)
    assert.deepEqual(
      [await statusOf(first.path), await statusOf(second), await statusOf(third)],
      [403, 202, 202],
    )
    const uses = (await usesOf())[0] ?? 0
    for (let left = 7 - uses; left > 0; left--)
      assert.equal(await statusOf(left % 2 === 0 ? second : third), 202)
    assert.deepEqual([await statusOf(second), await statusOf(third)], [403, 403])
    assert.deepEqual(await usesOf(), [7])
    assert.equal((await admin.call('POST', `grants/${first.grantId}/rotate`, { grace: 60 })).status, 410)
    await server.stop()
  })
})
