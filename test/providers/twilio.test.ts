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

test('twilio: the address as Twilio knows it, with the query of the request', async () => {
  const body = 'From=%2B1&Body=a+b'
  const signature = mac('https://public.example/sms?a=1Bodya bFrom+1')
  const inner = 'http://127.0.0.1:7717/api/hooks/sms?a=1'
  assert.ok(await verified({ url: inner, body, signature, configured: 'https://public.example/sms' }))
  assert.ok(await verified({ url: inner, body, signature, configured: 'https://public.example/sms?a=1' }))
  assert.equal(await verified({ url: inner, body, signature }), undefined)
})

test('twilio: no body passes that neither the fields nor the digest vouch for', async () => {
  const json = '{"a":1}'
  const signature = mac(url)
  assert.ok(await verified({ signature }))
  assert.ok(await verified({ signature, type: '' }))
  assert.equal(await verified({ signature, type: 'application/json', body: json }), undefined)
  assert.equal(await verified({ signature, type: 'text/plain', body: json }), undefined)
  assert.equal(await verified({ signature, body: json }), undefined)
  const withDigest = `${url}?bodySHA256=${digest(json)}`
  const good = { url: withDigest, type: 'application/json', signature: mac(withDigest) }
  assert.ok(await verified({ ...good, body: json }))
  assert.equal(await verified({ ...good, body: '{"a":2}' }), undefined)
  assert.equal(await verified({ ...good, body: json, signature }), undefined)
  assert.equal(await verified({ ...good, body: json, url: `${withDigest}0` }), undefined)
})

test('twilio: a form too long to be one of Twilio’s is not read', async () => {
  const body = `Body=${'x'.repeat(300_000)}`
  assert.equal(await verified({ body, signature: mac(`${url}Body${'x'.repeat(300_000)}`) }), undefined)
  assert.ok(await verified({ body: 'Body=x', signature: mac(`${url}Bodyx`) }))
})

test('twilio: the token of a repeat is its key together with the bytes', async () => {
  const body = 'Body=x'
  const key = createHash('sha256').update(body).digest('base64url')
  assert.deepEqual(await verified({ body, signature: mac(`${url}Bodyx`) }), {
    deliveryId: 'once',
    idempotencyKey: `once.${key}`,
  })
})

test('twilio: the port may be in the address that is signed or not, whatever is configured', async () => {
  const signed = (address: string) => mac(`${address}Bodyx`)
  const is = async (configured: string, address: string) =>
    (await verified({ body: 'Body=x', signature: signed(address), configured })) !== undefined
  for (const address of ['https://a.example:8443/in', 'https://a.example/in', 'https://a.example:443/in'])
    assert.ok(await is('https://a.example:8443/in', address), address)
  assert.ok(await is('https://a.example/in', 'https://a.example:443/in'))
  assert.ok(await is('http://u:1@[::1]:80/in', 'http://u:1@[::1]/in'))
  assert.ok(await is('https://a.example:8443', 'https://a.example'))
  assert.ok(!(await is('https://a.example/in', 'https://a.example:8443/in')))
  assert.ok(!(await is('https://a.example/in', 'http://a.example/in')))
  assert.ok(!(await is('https://a.example/in', 'https://a.example/in:443')))
})

/** twilio-node, spec/unit/webhooks: its own request and signature. */
test('twilio: verifies what its own library does', async () => {
  const params = { CallSid: 'CA1234567890ABCDE', Caller: '+14158675309', Digits: '1234' }
  const fields = { ...params, From: '+14158675309', To: '+18005551212' }
  const request = {
    method: 'POST',
    url: 'https://mycompany.com/myapp.php?foo=1&bar=2',
    now: 0,
    header: (name: string) =>
      ({ 'content-type': form, 'x-twilio-signature': 'RSOYDt4T1cUTdK1PDd93/VVr8B8=' })[name],
    rawBody: Buffer.from(new URLSearchParams(fields).toString()),
  }
  const config = { scheme: 'twilio', secrets: ['12345'] }
  assert.ok(await twilio.scheme?.verify(config, request, offline))
})
