import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DeliveryRecord } from '../../src/domain/delivery.ts'
import type { Hook } from '../../src/domain/hook.ts'
import { exampleOf } from '../../src/inbound/rehearse.ts'
import { sendSigned, signedKnock } from '../../src/inbound/send-signed.ts'
import { senders } from '../../src/providers/index.ts'
import { offline } from '../../src/providers/network.ts'
import { prove } from '../../src/providers/prove.ts'
import { addDelivery, createWorld } from '../cli/fake-io.ts'

const now = Date.parse('2026-11-22T10:00:00Z')
const secret = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const standard = `whsec_${Buffer.from(secret).toString('base64')}`
const ownSpelling: Readonly<Record<string, string>> = { 'standard-webhooks': standard, svix: standard }

const hookOf = (name: string, about: Partial<Hook> = {}): Hook => ({
  ...{ name, path: `/api/hooks/${name}`, active: true, action: 'agent', fence: false, maxBodyBytes: 1000 },
  ...(senders.get(name)?.preset && { preset: name }),
  verify: {
    scheme: name,
    ...senders.get(name)?.sample.verify,
    secrets: [ownSpelling[name] ?? secret],
  },
  ...about,
})

let ids = 0
const newId = () => `id-${++ids}`
const knocking = { url: 'http://127.0.0.1:7717/api/hooks/x', now, newId, requestId: 'r1' }

const signing = [...senders].filter(([, { scheme }]) => scheme?.sign).map(([name]) => name)

describe('signedKnock', () => {
  for (const name of signing)
    it(`is proven by what ${name} asks for`, async () => {
      const hook = hookOf(name)
      const { headers, rawBody, url } = signedKnock(hook, exampleOf(hook, {}), knocking)
      const sent = new Headers(headers)
      const head = { method: 'POST', url, now, header: (one: string) => sent.get(one) ?? undefined }
      const proof = await prove(hook.verify, head, async () => rawBody, offline)
      assert.equal(proof.kind, 'verified')
      assert.equal(sent.get('x-request-id'), 'r1')
    })

  it('gives what it sends again another id, so that it is no repeat', () => {
    const sample = {
      payload: new TextEncoder().encode('{"zen":"a"}'),
      headers: { 'x-github-delivery': 'the-old-one', 'x-github-event': 'ping', 'x-request-id': 'old' },
    }
    const { headers } = signedKnock(hookOf('github'), sample, knocking)
    assert.match(headers['x-github-delivery'] ?? '', /^id-\d+$/)
    assert.deepEqual([headers['x-github-event'], headers['x-request-id']], ['ping', 'r1'])
  })

  it('refuses a hook whose proof nobody but its sender can make, and says what does instead', () => {
    assert.throws(
      () => signedKnock(hookOf('amazon-sns'), exampleOf(hookOf('amazon-sns'), {}), knocking),
      /Nobody but its sender .*postern expose --hook amazon-sns --uses 1/,
    )
  })
})

describe('sendSigned', () => {
  const place = (answer: object, headers: Readonly<Record<string, string>> = {}, hook = hookOf('github')) => {
    const world = createWorld()
    const posted: { url: string; headers: Readonly<Record<string, string>>; body: string }[] = []
    const deps = {
      store: world.store,
      hooks: () => [hook],
      now: () => now,
      address: () => 'http://127.0.0.1:7717',
      newId,
      post: async (url: string, given: Readonly<Record<string, string>>, body: Uint8Array) => {
        posted.push({ url, headers: given, body: new TextDecoder().decode(body) })
        return { status: 202, headers, body: answer }
      },
    }
    return { world, posted, deps }
  }
  const ofHook = (about: Partial<DeliveryRecord> = {}): Partial<DeliveryRecord> => ({
    source: { kind: 'hook', hook: 'github' },
    payload: new TextEncoder().encode('{"zen":"b"}'),
    contentType: 'application/json',
    headers: { 'x-github-event': 'ping', 'x-github-delivery': 'old' },
    ...about,
  })

  it('sends what a delivery came with, and tells the receipt', async () => {
    const { world, posted, deps } = place({})
    const { id } = addDelivery(world, ofHook())
    const next = {
      ...deps,
      post: async (...call: Parameters<typeof deps.post>) => {
        const { status, headers } = await deps.post(...call)
        return { status, headers, body: { status: 'accepted', deliveryId: id } }
      },
    }
    const sent = await sendSigned(next, 'github', { delivery: id, headers: { 'x-github-event': 'push' } })
    assert.deepEqual(sent, {
      ...{ hook: 'github', status: 202, replayed: false, deliveryId: id },
      answer: { status: 'accepted', deliveryId: id },
    })
    const [{ url, headers, body } = assert.fail()] = posted
    assert.deepEqual([url, body], ['http://127.0.0.1:7717/api/hooks/github', '{"zen":"b"}'])
    assert.deepEqual([headers['x-github-event'], headers['content-type']], ['push', 'application/json'])
    assert.match(headers['x-hub-signature-256'] ?? headers['X-Hub-Signature-256'] ?? '', /^sha256=/)
  })

  it('finds the delivery by its request where the hook answers in a form of its own', async () => {
    const { world, deps } = place({ text: 'thanks' }, { 'idempotency-replayed': 'true' })
    addDelivery(world, ofHook())
    const post: typeof deps.post = async (...call) => {
      addDelivery(world, ofHook({ headers: { 'x-request-id': call[1]['x-request-id'] ?? '' } }))
      return deps.post(...call)
    }
    const sent = await sendSigned({ ...deps, post }, 'github', {})
    assert.equal(sent.deliveryId, world.rows.at(-1)?.delivery.id)
    assert.equal(sent.replayed, true)
  })

  it('refuses headers that HTTP cannot carry, and those of the connection; nothing is sent', async () => {
    const { posted, deps } = place({})
    const payload = new TextEncoder().encode('{}')
    const wrong: readonly Readonly<Record<string, string>>[] = [
      { 'a b': 'c' },
      { a: 'b\r\nc: d' },
      { a: '\u2713' },
      { host: 'x' },
      { 'Content-Length': '1' },
    ]
    for (const headers of wrong)
      await assert.rejects(sendSigned(deps, 'github', { payload, headers }), {
        code: 'unprocessable',
        message: /header/,
      })
    assert.deepEqual(posted, [])
  })

  it('refuses unknown hooks with the nearest, and deliveries without a payload; nothing is sent', async () => {
    const { world, posted, deps } = place({})
    const { id } = addDelivery(world)
    await assert.rejects(sendSigned(deps, 'gihtub', {}), /no hook "gihtub"\. Did you mean github\?/)
    await assert.rejects(sendSigned({ ...deps, hooks: () => [] }, 'x', {}), /None is configured/)
    await assert.rejects(sendSigned(deps, 'github', { delivery: id }), { code: 'unprocessable' })
    await assert.rejects(sendSigned(deps, 'github', { delivery: 'whd_x' }), { code: 'not_found' })
    assert.deepEqual(posted, [])
  })
})
