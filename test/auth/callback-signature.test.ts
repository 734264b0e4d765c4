import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { signCallback } from '../../src/auth/callback-signature.ts'
import { offline } from '../../src/providers/network.ts'
import { standardWebhooks } from '../../src/providers/standard-webhooks.ts'

const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek'
const timestamp = 1_614_265_330
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

test('signCallback agrees with the published example of Standard Webhooks', () => {
  assert.deepEqual(signCallback({ id, timestamp, body: '{"test": 2432232314}', secrets: [secret] }), {
    'webhook-id': id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

test('signCallback is verified by our own scheme, for any body and key, under each secret', async () => {
  const key = fc
    .uint8Array({ minLength: 1, maxLength: 64 })
    .map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`)
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array(),
      fc.array(key, { minLength: 1, maxLength: 3 }),
      async (body, secrets) => {
        const headers = signCallback({ id, timestamp, body, secrets })
        for (const one of secrets) {
          const request = {
            method: 'POST',
            url: 'https://x.example/',
            rawBody: body,
            header: (name: string) => headers[name],
            now: timestamp * 1000,
          }
          const config = { scheme: 'standard-webhooks' as const, secrets: [one] }
          assert.deepEqual(await standardWebhooks.scheme?.verify(config, request, offline), {
            deliveryId: id,
            idempotencyKey: id,
          })
          assert.equal(
            await standardWebhooks.scheme?.verify(
              config,
              {
                ...request,
                rawBody: Buffer.concat([body, Buffer.from('x')]),
              },
              offline,
            ),
            undefined,
          )
        }
      },
    ),
  )
})

test('signCallback uses any other secret as it stands', () => {
  const { 'webhook-signature': raw } = signCallback({
    id,
    timestamp,
    body: 'x',
    secrets: ['just some words'],
  })
  const encoded = `whsec_${Buffer.from('just some words').toString('base64')}`
  const { 'webhook-signature': same } = signCallback({ id, timestamp, body: 'x', secrets: [encoded] })
  assert.equal(raw, same)
})

test('signCallback signs nothing with nothing', () => {
  for (const secrets of [[], ['']])
    assert.deepEqual(Object.keys(signCallback({ id, timestamp, body: '', secrets })), [
      'webhook-id',
      'webhook-timestamp',
    ])
})
