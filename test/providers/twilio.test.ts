import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import { offline } from '../../src/providers/network.ts'
import { twilio } from '../../src/providers/twilio.ts'

const url = 'https://postern.example/api/hooks/sms'
const secret = 'an auth token of Twilio'
const form = 'application/x-www-form-urlencoded'
const mac = (text: string) => createHmac('sha1', secret).update(text).digest('base64')

interface Sent {
  readonly url?: string
  readonly type?: string
  readonly body?: string
  readonly signature: string
  readonly configured?: string
}

function verified({ url: sent = url, type = form, body = '', signature, configured }: Sent) {
  const headers: Readonly<Record<string, string>> = {
    'content-type': type,
    'x-twilio-signature': signature,
    'i-twilio-idempotency-token': 'once',
  }
  const config = { scheme: 'twilio', secrets: [secret], ...(configured !== undefined && { url: configured }) }
  const request = { method: 'POST', url: sent, now: 0, header: (name: string) => headers[name] }
  return twilio.scheme?.verify(config, { ...request, rawBody: Buffer.from(body) }, offline)
}

const digest = (body: string) => createHash('sha256').update(body).digest('hex')

test('twilio: the address as Twilio knows it, with the query of the request', () => {
  const body = 'From=%2B1&Body=a+b'
  const signature = mac('https://public.example/sms?a=1Bodya bFrom+1')
  const inner = 'http://127.0.0.1:7717/api/hooks/sms?a=1'
  assert.ok(verified({ url: inner, body, signature, configured: 'https://public.example/sms' }))
  assert.ok(verified({ url: inner, body, signature, configured: 'https://public.example/sms?a=1' }))
  assert.equal(verified({ url: inner, body, signature }), undefined)
})

test('twilio: no body passes that neither the fields nor the digest vouch for', () => {
  const json = '{"a":1}'
  const signature = mac(url)
  assert.ok(verified({ signature }))
  assert.ok(verified({ signature, type: '' }))
  assert.equal(verified({ signature, type: 'application/json', body: json }), undefined)
  assert.equal(verified({ signature, type: 'text/plain', body: json }), undefined)
  assert.equal(verified({ signature, body: json }), undefined)
  const withDigest = `${url}?bodySHA256=${digest(json)}`
  const good = { url: withDigest, type: 'application/json', signature: mac(withDigest) }
  assert.ok(verified({ ...good, body: json }))
  assert.equal(verified({ ...good, body: '{"a":2}' }), undefined)
  assert.equal(verified({ ...good, body: json, signature }), undefined)
  assert.equal(verified({ ...good, body: json, url: `${withDigest}0` }), undefined)
})

test('twilio: a form too long to be one of Twilio’s is not read', () => {
  const body = `Body=${'x'.repeat(300_000)}`
  assert.equal(verified({ body, signature: mac(`${url}Body${'x'.repeat(300_000)}`) }), undefined)
  assert.ok(verified({ body: 'Body=x', signature: mac(`${url}Bodyx`) }))
})

test('twilio: the token of a repeat is its key together with the bytes', () => {
  const body = 'Body=x'
  const key = createHash('sha256').update(body).digest('base64url')
  assert.deepEqual(verified({ body, signature: mac(`${url}Bodyx`) }), {
    deliveryId: 'once',
    idempotencyKey: `once.${key}`,
  })
})
