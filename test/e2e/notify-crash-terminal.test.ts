import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { cli, scratchHome, serve } from '../support/binary.ts'
import { adminToken, configure, get, until } from '../support/hooks.ts'
import { rounds } from '../support/long.ts'
import { type Got, openReceiver } from '../support/receiver.ts'

const key = `whsec_${Buffer.from('the key that notices are signed with').toString('base64')}`
const quick = { baseSeconds: 0.05, capSeconds: 0.2, attempts: 3 }

const isOf = (path: string, words: string) => (got: Got) => got.path === path && got.body.includes(words)

describe('kill -9 while somebody is told', () => {
  it('needs_input arrives under one webhook-id', { timeout: 1_200_000 }, async () => {
    const times = rounds(4, 30)
    const home = await scratchHome()
    const receiver = await openReceiver()
    configure(home, {
      server: { callbacks: { allow: ['127.0.0.1'] } },
      retry: quick,
      notify: [{ on: ['needs_input'], url: `${receiver.url}/topic`, template: 'ntfy', secret: key }],
    })
    const asks = join(dirname(home), 'asks')
    const script = `n=0; while :; do while [ ! -e ${asks}.$n ]; do sleep 0.05; done
      clear; printf 'deploy step %s? [y/N] ' $n; n=$((n+1)); done`
    await cli(['run', '--session', 'tty', '--detach', '--', 'sh', '-c', script], { home })
    const arrived: Got[][] = []
    for (let round = 0; round < times; round++) {
      const isAsked = isOf('/topic', `deploy step ${round}?`)
      let server = await serve(home)
      await writeFile(`${asks}.${round}`, '')
      // Another instant each time: before it is seen, stored, sent, settled.
      await new Promise((resolve) => setTimeout(resolve, (round * 397) % 3000))
      await server.kill9()
      server = await serve(home)
      await receiver.next(isAsked)
      // What was sent before the kill and not settled comes again with the first look.
      await until('it is settled', async () => {
        const admin = await adminToken(home)
        const { text } = await get(`${server.url}/api/notices`, admin)
        const all = JSON.parse(text) as readonly { state: string; data: { asks: string } }[]
        return (
          all.some(({ state, data }) => state === 'DELIVERED' && data.asks.includes(`step ${round}?`)) ||
          undefined
        )
      })
      await server.kill9()
      arrived.push(receiver.got.filter(isAsked))
    }
    receiver.close()
    await cli(['session', 'end', 'tty'], { home })
    for (const [round, all] of arrived.entries()) {
      const ids = new Set(all.map(({ headers }) => headers['webhook-id']))
      assert.equal(ids.size, 1, `round ${round}: ${[...ids]}`)
      for (const { body, headers } of all) {
        const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = headers
        const sent = new Date(Number(at) * 1000)
        assert.equal(signature, new Webhook(key).sign(String(id), sent, body))
      }
    }
    assert.equal(new Set(arrived.flat().map(({ headers }) => headers['webhook-id'])).size, times)
  })
})
