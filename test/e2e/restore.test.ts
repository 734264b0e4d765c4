import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { addCommand, configure, until } from '../support/hooks.ts'

interface Listed {
  readonly id: string
  readonly state: string
  readonly failedStep: string | null
}

describe('backup under load, then restore', { timeout: 120_000 }, () => {
  let home: string
  let server: Served
  let file: string
  const acknowledged: string[] = []
  let early: string[] = []

  const exposed = async (session: string): Promise<{ url: string; id: string }> => {
    const { stdout } = await cli(['expose', '--session', session, '--json'], { home })
    const minted = JSON.parse(stdout) as { webhook: string; grantId: string }
    return { url: minted.webhook, id: minted.grantId }
  }
  const knock = async (url: string, message: string): Promise<{ status: number; id: string }> => {
    const headers = { 'content-type': 'application/json', prefer: 'wait=0' }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ message }) })
    const body = (await response.json()) as { deliveryId?: string }
    return { status: response.status, id: body.deliveryId ?? '' }
  }
  const listed = async (): Promise<ReadonlyMap<string, Listed>> => {
    const { stdout } = await cli(['deliveries', 'ls', '--json', '--limit', '1000000'], { home })
    return new Map((JSON.parse(stdout) as Listed[]).map((it) => [it.id, it]))
  }
  const said = () => readFile(join(home, 'said'), 'utf8').catch(() => '')

  before(async () => {
    home = await scratchHome()
    file = `${home}-backup.db`
    configure(home, { limits: { knocksPerMinute: 0, queuePerSession: 0 } })
    await addCommand(home, 'slow', `until test -e ${home}/go; do sleep 0.05; done; cat >> ${home}/said`)
    server = await serve(home)
  })
  after(() => server.stop())

  it('holds every message that was acknowledged before it began', async () => {
    const { url } = await exposed('default')
    let loading = true
    const senders = Array.from({ length: 8 }, async (_, sender) => {
      for (let n = 0; loading; n++) {
        const { status, id } = await knock(url, `message ${n} of ${sender}`)
        assert.equal(status, 202)
        acknowledged.push(id)
      }
    })
    try {
      await until('there is load', () => acknowledged.length > 500 || undefined)
      early = [...acknowledged]
      const { code, stderr } = await cli(['backup', file], { home })
      assert.equal(code, 0, stderr)
      await until('the load goes on', () => acknowledged.length > early.length + 100 || undefined)
    } finally {
      loading = false
    }
    await Promise.all(senders)
    const all = await listed()
    assert.deepEqual(
      acknowledged.filter((id) => !all.has(id)),
      [],
    )
  })

  it('is refused while the home is served', async () => {
    const { code, stderr } = await cli(['restore', file], { home })
    assert.equal(code, 1)
    assert.match(stderr, /Stop it first/)
  })

  it('brings them back, but neither types a message twice nor lets a revoked URL live', async () => {
    const [kept, revoked, slow] = [await exposed('default'), await exposed('default'), await exposed('slow')]
    const { id: typed } = await knock(slow.url, 'once and never again')
    const { id: waits } = await knock(slow.url, 'behind it')
    const later = `${file}-later`
    assert.equal((await cli(['backup', later], { home })).code, 0)
    await writeFile(join(home, 'go'), '')
    await until('both are delivered', async () =>
      (await said()) === 'once and never againbehind it' ? true : undefined,
    )
    assert.equal((await cli(['revoke', revoked.id], { home })).code, 0)
    await server.stop()

    const { code, stdout, stderr } = await cli(['restore', later, '--json'], { home })
    assert.equal(code, 0, stderr)
    assert.ok((JSON.parse(stdout) as { held: number }).held >= 2)
    server = await serve(home)

    const all = await listed()
    assert.ok(early.length > 500)
    assert.deepEqual(
      early.filter((id) => !all.has(id)),
      [],
    )
    for (const id of [typed, waits]) assert.equal(all.get(id)?.failedStep, 'restored')
    const at = (url: string) => `${server.url}${new URL(url).pathname}`
    assert.equal((await knock(at(revoked.url), 'let me in')).status, 403)
    assert.equal((await knock(at(kept.url), 'me too')).status, 202)
    // The next one through the same queue shows that nothing went before it.
    const { id: next } = await knock(at(slow.url), ', then this')
    await until('the next one is delivered', async () =>
      (await listed()).get(next)?.state === 'DELIVERED' ? true : undefined,
    )
    assert.equal(await said(), 'once and never againbehind it, then this')
    assert.equal((await cli(['deliveries', 'retry', waits], { home })).code, 0)
    await until('a person says so', async () => ((await said()).endsWith('thisbehind it') ? true : undefined))
  })
})
