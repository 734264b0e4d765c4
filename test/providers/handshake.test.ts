import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { VerifyConfig } from '../../src/domain/verify.ts'
import { schemeNames } from '../../src/providers/index.ts'
import { offline } from '../../src/providers/network.ts'
import { prove } from '../../src/providers/prove.ts'

const now = 1_700_000_000
const secret = 'a secret of some length'
const url = 'https://door.example/api/hooks/x'

interface Sent {
  readonly method?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

async function answerTo(config: Partial<VerifyConfig> & Pick<VerifyConfig, 'scheme'>, sent: Sent) {
  const headers = new Map(
    Object.entries(sent.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  )
  const head = {
    method: sent.method ?? 'POST',
    url: sent.url ?? url,
    header: (name: string) => headers.get(name),
    now: now * 1000,
  }
  const proof = await prove(
    { secrets: [secret], ...config },
    head,
    async () => Buffer.from(sent.body ?? ''),
    offline,
  )
  return proof.kind === 'handshake' ? proof.answer : undefined
}

const mac = (text: string, key = secret) => createHmac('sha256', key).update(text).digest('hex')

const slackSent = (body: string): Sent => ({
  body,
  headers: { 'X-Slack-Request-Timestamp': `${now}`, 'X-Slack-Signature': `v0=${mac(`v0:${now}:${body}`)}` },
})

const zoomSent = (body: string, key = secret): Sent => ({
  body,
  headers: { 'x-zm-request-timestamp': `${now}`, 'x-zm-signature': `v0=${mac(`v0:${now}:${body}`, key)}` },
})

test('slack: the signed challenge comes back as plain text', async () => {
  const body = JSON.stringify({
    token: 'x',
    challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P',
    type: 'url_verification',
  })
  const answer = await answerTo({ scheme: 'slack' }, slackSent(body))
  assert.equal(answer?.status, 200)
  assert.equal(answer?.body, '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P')
  assert.equal(answer?.headers['content-type'], 'text/plain')
  assert.equal(answer?.headers['x-content-type-options'], 'nosniff')
  assert.equal(await answerTo({ scheme: 'slack' }, { ...slackSent(body), headers: {} }), undefined)
  assert.equal(await answerTo({ scheme: 'slack', secrets: ['another'] }, slackSent(body)), undefined)
  assert.equal(await answerTo({ scheme: 'github' }, slackSent(body)), undefined)
})

test('slack: a signed check of its certificate is answered, and is no message', async () => {
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const sent = (body: string): Sent => ({ body, headers: { ...type, ...slackSent(body).headers } })
  const check = 'ssl_check=1&token=abc'
  assert.deepEqual(await answerTo({ scheme: 'slack' }, sent(check)), { status: 200, headers: {}, body: '' })
  for (const body of [
    'ssl_check=0&token=abc',
    'command=%2Fdeploy&text=ssl_check%3D1',
    `${check}&x=${'x'.repeat(2000)}`,
  ])
    assert.equal(await answerTo({ scheme: 'slack' }, sent(body)), undefined, body)
  assert.equal(await answerTo({ scheme: 'slack' }, { body: check, headers: type }), undefined)
})

test('slack: an event is no handshake', async () => {
  assert.equal(
    await answerTo({ scheme: 'slack' }, slackSent('{"type":"event_callback","challenge":"x"}')),
    undefined,
  )
  assert.equal(await answerTo({ scheme: 'slack' }, slackSent('{"type":"url_verification"}')), undefined)
  assert.equal(await answerTo({ scheme: 'slack' }, slackSent('not json')), undefined)
})

test('zoom: the plain token comes back with its MAC under the secret that signed it', async () => {
  const body =
    '{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1654503849680}'
  const expected = { plainToken: 'qgg8vlvZRS6UYooatFL8Aw', encryptedToken: mac('qgg8vlvZRS6UYooatFL8Aw') }
  assert.deepEqual(JSON.parse((await answerTo({ scheme: 'zoom' }, zoomSent(body)))?.body ?? ''), expected)
  const rotated = await answerTo({ scheme: 'zoom', secrets: ['newer', secret] }, zoomSent(body))
  assert.deepEqual(JSON.parse(rotated?.body ?? ''), expected)
})

test('zoom: nobody gets a MAC of what he likes', async () => {
  const oracle = (plainToken: unknown) =>
    JSON.stringify({ event: 'endpoint.url_validation', payload: { plainToken } })
  assert.equal(await answerTo({ scheme: 'zoom' }, { body: oracle('abc') }), undefined)
  assert.equal(await answerTo({ scheme: 'zoom' }, zoomSent(oracle('abc'), 'another')), undefined)
  for (const token of [`v0:${now}:{}`, '', 'a'.repeat(129), 'a b', 7, null, ['abc']])
    assert.equal(await answerTo({ scheme: 'zoom' }, zoomSent(oracle(token))), undefined)
})

test('discord: an event is of the type of a PING, and is none', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const key = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex')
  const body = '{"version":1,"type":1,"event":{"type":"ENTITLEMENT_CREATE"}}'
  const signature = sign(null, Buffer.from(`${now}${body}`), privateKey).toString('hex')
  const headers = { 'x-signature-timestamp': `${now}`, 'x-signature-ed25519': signature }
  assert.equal(await answerTo({ scheme: 'discord', secrets: [key] }, { body, headers }), undefined)
})

test('discord: both kinds of PING, and what is asked while somebody types, are answered when signed', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const key = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex')
  const sent = (body: string): Sent => ({
    body,
    headers: {
      'X-Signature-Timestamp': `${now}`,
      'X-Signature-Ed25519': sign(null, Buffer.from(`${now}${body}`), privateKey).toString('hex'),
    },
  })
  const config = { scheme: 'discord' as const, secrets: [key] }
  assert.equal((await answerTo(config, sent('{"type":1}')))?.body, '{"type":1}')
  assert.equal((await answerTo(config, sent('{"version":1,"type":0}')))?.status, 204)
  assert.equal((await answerTo(config, sent('{"type":4}')))?.body, '{"type":8,"data":{"choices":[]}}')
  assert.equal(await answerTo(config, sent('{"type":2}')), undefined)
  assert.equal(await answerTo(config, sent('{"type":"1"}')), undefined)
  assert.equal(await answerTo(config, { ...sent('{"type":1}'), body: '{"type":1} ' }), undefined)
})

test('twitch: the signed challenge comes back', async () => {
  const time = new Date(now * 1000).toISOString()
  const body = '{"challenge":"pogchamp-kappa-360noscope-vohiyo","subscription":{}}'
  const headers = {
    'Twitch-Eventsub-Message-Id': 'm',
    'Twitch-Eventsub-Message-Timestamp': time,
    'Twitch-Eventsub-Message-Signature': `sha256=${mac(`m${time}${body}`)}`,
    'Twitch-Eventsub-Message-Type': 'webhook_callback_verification',
  }
  assert.equal(
    (await answerTo({ scheme: 'twitch' }, { body, headers }))?.body,
    'pogchamp-kappa-360noscope-vohiyo',
  )
  assert.equal(await answerTo({ scheme: 'twitch' }, { body: `${body} `, headers }), undefined)
  const event = { ...headers, 'Twitch-Eventsub-Message-Type': 'notification' }
  assert.equal(await answerTo({ scheme: 'twitch' }, { body, headers: event }), undefined)
})

test('github: a signed ping is answered', async () => {
  const body = '{"zen":"Keep it logically awesome."}'
  const headers = { 'X-GitHub-Event': 'ping', 'X-Hub-Signature-256': `sha256=${mac(body)}` }
  assert.equal((await answerTo({ scheme: 'github' }, { body, headers }))?.body, '{"status":"pong"}')
  assert.equal(await answerTo({ scheme: 'github' }, { body: '{}', headers }), undefined)
  assert.equal(
    await answerTo({ scheme: 'github' }, { body, headers: { ...headers, 'X-GitHub-Event': 'push' } }),
    undefined,
  )
})

test('meta: the challenge comes back to who knows the verify token', async () => {
  const at = (query: string): Sent => ({ method: 'GET', url: `${url}?${query}` })
  const good = 'hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meatyhamhock'
  const config = { scheme: 'meta' as const, verifyToken: 'meatyhamhock' }
  assert.equal((await answerTo(config, at(good)))?.body, '1158201444')
  assert.equal((await answerTo({ scheme: 'meta', secrets: ['meatyhamhock'] }, at(good)))?.body, '1158201444')
  for (const query of [
    good.replace('meatyhamhock', 'x'),
    good.replace('&hub.verify_token=meatyhamhock', ''),
    good.replace('subscribe', 'unsubscribe'),
    good.replace('1158201444', ''),
    good.replace('1158201444', 'a%0Ab'),
  ])
    assert.equal(await answerTo(config, at(query)), undefined, query)
  assert.equal(await answerTo(config, { ...at(good), method: 'POST' }), undefined)
  const nothing = { scheme: 'meta' as const, verifyToken: '', secrets: [''] }
  assert.equal(await answerTo(nothing, at(good.replace('meatyhamhock', ''))), undefined)
})

test('dropbox and microsoft-graph: the challenge comes back as text no browser runs', async () => {
  const dropbox = await answerTo(
    { scheme: 'dropbox' },
    { method: 'GET', url: `${url}?challenge=abc%3Cscript%3E` },
  )
  assert.equal(dropbox?.body, 'abc<script>')
  assert.equal(dropbox?.headers['content-type'], 'text/plain')
  assert.equal(dropbox?.headers['x-content-type-options'], 'nosniff')
  const graph = await answerTo(
    { scheme: 'microsoft-graph' },
    { url: `${url}?validationToken=Validation%3A+Testing` },
  )
  assert.equal(graph?.body, 'Validation: Testing')
  assert.equal(await answerTo({ scheme: 'microsoft-graph' }, { url }), undefined)
  assert.equal(await answerTo({ scheme: 'dropbox' }, { url: `${url}?challenge=abc` }), undefined)
  const split = await answerTo({ scheme: 'dropbox' }, { method: 'GET', url: `${url}?challenge=a%0D%0Ab` })
  assert.equal(split?.body, '')
})

for (const scheme of schemeNames)
  test(`${scheme}: a probe by GET or HEAD is answered with nothing, and no other method is`, async () => {
    for (const method of ['GET', 'HEAD'])
      assert.deepEqual(await answerTo({ scheme }, { method }), { status: 200, headers: {}, body: '' })
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH'])
      assert.equal(await answerTo({ scheme }, { method }), undefined, method)
  })

test('prove answers no handshake for other schemes and never throws', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...schemeNames),
      fc.constantFrom('POST', 'PUT'),
      fc.string(),
      fc.json(),
      async (scheme, method, query, body) => {
        const answer = await answerTo({ scheme }, { method, url: `${url}?${query}`, body })
        if (!['dropbox', 'microsoft-graph'].includes(scheme)) assert.equal(answer, undefined)
      },
    ),
  )
})
