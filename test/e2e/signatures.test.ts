import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { VerifyConfig } from '../../src/domain/verify.ts'
import { senders } from '../../src/providers/index.ts'
import type { Sender } from '../../src/providers/sender.ts'
import { type Served, scratchHome, serve } from '../support/binary.ts'
import {
  addCommand,
  configure,
  countDeliveries,
  hooks,
  post,
  settled,
  secret as shared,
} from '../support/hooks.ts'

type Headers = Readonly<Record<string, string>>

interface Case {
  readonly verify: Omit<VerifyConfig, 'secrets'> & { readonly secret: string }
  /** The header that carries the proof. */
  readonly proof: string
  /** `at` in Unix seconds. */
  readonly headers: (body: string, at: number) => Headers
  /** How long before a signature is stale; undefined where the scheme has no time. */
  readonly staleSeconds?: number | undefined
  /** Anybody on the way can read the proof: a changed body does not show. */
  readonly bodyIsUnsigned?: boolean
}

const secret = 'the secret of one single sender'
const standard = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const url = 'https://postern.example/hook'
const mac = (text: string, key = secret) => createHmac('sha256', key).update(text).digest('hex')

/** Where the secret above would not do, or the options of the sample. */
const options: Readonly<Record<string, Partial<Case['verify']>>> = {
  'standard-webhooks': { secret: standard },
  svix: { secret: standard },
  gitlab: { secret: standard },
  'microsoft-teams': { secret: Buffer.alloc(32, 7).toString('base64') },
  'azure-event-grid': { header: 'x-event-grid-secret' },
  grafana: { timestampHeader: 'x-grafana-alerting-timestamp' },
  square: { url },
  meta: { verifyToken: 'a verify token of Meta' },
  hmac: {
    ...{ header: 'x-mine', prefix: 'mac ', encoding: 'base64', toleranceSeconds: 30 },
    ...{ signed: '{timestamp}/{method}/{body}', timestampHeader: 'x-time' },
  },
}

/** A sender whose proof anybody can make who has the secret. Twilio signs no JSON like this and has a case of its own. */
function caseOf(name: string, { scheme, sample }: Sender): Case | undefined {
  const verify = { scheme: name, secret, ...sample.verify, ...options[name] }
  const headers = (body: string, at: number): Headers => {
    const request = { method: 'POST', url, rawBody: Buffer.from(body), now: at * 1000 }
    const header = (one: string) => sample.headers[one]
    return {
      ...sample.headers,
      ...scheme?.sign?.({ ...verify, secrets: [verify.secret] }, { ...request, header }),
    }
  }
  const [proof] = Object.keys(headers('', 0)).filter((header) => !(header in sample.headers))
  if (proof === undefined || name === 'twilio') return undefined
  const staleSeconds = verify.toleranceSeconds ?? scheme?.toleranceSeconds
  return { verify, proof, headers, staleSeconds, bodyIsUnsigned: scheme?.secretIn !== undefined }
}

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const discord: Case = {
  verify: {
    scheme: 'discord',
    secret: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex'),
  },
  proof: 'x-signature-ed25519',
  headers: (body, at) => ({
    'x-signature-timestamp': String(at),
    'x-signature-ed25519': sign(null, Buffer.from(`${at}${body}`), privateKey).toString('hex'),
  }),
  staleSeconds: 300,
}

const cases = new Map<string, Case>([['discord', discord]])
for (const [name, sender] of senders) {
  const one = caseOf(name, sender)
  if (one) cases.set(name, one)
}

const signedBy = (name: string, body: string): Headers => cases.get(name)?.headers(body, nowSeconds()) ?? {}

/** What every event in the format of CloudEvents has. */
const event = { specversion: '1.0', type: 'paid', source: '/', id: '1' }

const topicArn = 'arn:aws:sns:us-west-2:123456789012:MyTopic'

const nowSeconds = () => Math.floor(Date.now() / 1000)
const own = (scheme: string, more: object = {}) => ({ scheme, secret, ...more })

describe('the senders of webhooks', () => {
  let home: string
  let server: Served
  const at = (name: string) => `${server.url}/api/hooks/${name}`
  const send = (name: string, body: string, headers: Headers) =>
    post(at(name), body, { authorization: '', ...headers })

  before(async () => {
    home = await scratchHome()
    const custom = [...cases].map(([name, { verify }]) => [
      name,
      { messageTemplate: 'Say {{text}}', action: 'wake', verify },
    ])
    configure(home, {
      ...hooks({
        ...Object.fromEntries(custom),
        turns: { messageTemplate: 'Push to {{repo}}', verify: own('github') },
        twilio: { preset: 'twilio', action: 'wake', secret, verify: 'twilio' },
        events: { preset: 'cloudevents', action: 'wake', secret },
        sns: { preset: 'amazon-sns', verify: { scheme: 'amazon-sns', topicArn } },
        rotated: {
          messageTemplate: '{{text}}',
          action: 'wake',
          verify: own('github', { secret: [secret, 'the older secret of it'] }),
        },
      }),
      limits: { authFailuresPerMinute: 0 },
    })
    await addCommand(home, 'default', 'cat')
    await addCommand(home, 'webhook-agent', `echo turn >> ${home}/turns; cat`)
    server = await serve(home)
  })
  after(() => server.stop())

  for (const [name, { headers, proof, staleSeconds, bodyIsUnsigned }] of cases) {
    it(`${name}: lets in what it signed`, async () => {
      const body = JSON.stringify({ ...event, text: `für ${name}` })
      const { status, body: answer } = await send(name, body, {
        ...headers(body, nowSeconds()),
        prefer: 'wait=20',
      })
      assert.equal(status, 200)
      assert.equal(answer.response, `Say für ${name}`)
    })

    it(`${name}: refuses anything else with 401, stores nothing and gives nothing away`, async () => {
      const stored = await countDeliveries(home, server)
      const body = '{"text":"mine"}'
      const good = headers(body, nowSeconds())
      const tampered = '{"text":"nine"}'
      const stale = staleSeconds === undefined ? [] : [-staleSeconds - 60, staleSeconds + 60]
      const tries: readonly (readonly [why: string, body: string, headers: Headers])[] = [
        ...(bodyIsUnsigned ? [] : [['tampered', tampered, good] as const]),
        ['no proof', body, { ...good, [proof]: '' }],
        ['cut short', body, { ...good, [proof]: (good[proof] ?? '').slice(0, -2) }],
        ['with more behind it', body, { ...good, [proof]: `${good[proof]}0` }],
        ['the shared secret', body, { authorization: `Bearer ${shared}` }],
        ['another sender', body, signedBy(['github', 'meta'].includes(name) ? 'slack' : 'github', body)],
        ...stale.map((by) => [`${by} seconds off`, body, headers(body, nowSeconds() + by)] as const),
      ]
      for (const [why, bad, shown] of tries) {
        const { status, text } = await send(name, bad, shown)
        assert.equal(status, 401, why)
        for (const hidden of [secret, shared, headers(bad, nowSeconds())[proof] ?? '?'])
          assert.ok(!text.includes(hidden), why)
      }
      const isList = /^v1a?[,=]/.test(good[proof] ?? '')
      assert.equal(await twice(at(name), body, good, proof), isList ? 202 : 401)
      assert.equal(await countDeliveries(home, server), isList ? stored + 1 : stored)
      assert.ok(!server.stderr().includes(secret))
    })
  }

  it('may be known by an older secret while it is rotated', async () => {
    const body = '{"text":"x"}'
    for (const [key, status] of [
      [secret, 202],
      ['the older secret of it', 202],
      ['the oldest secret of it', 401],
    ] as const)
      assert.equal(
        (await send('rotated', body, { 'x-hub-signature-256': `sha256=${mac(body, key)}` })).status,
        status,
      )
  })

  it('send GitHub’s payload as a form, too', async () => {
    const body = `payload=${encodeURIComponent('{"text":"a & b + c"}')}`
    const headers = {
      ...signedBy('github', body),
      'content-type': 'application/x-www-form-urlencoded',
      prefer: 'wait=20',
    }
    assert.equal((await send('github', body, headers)).body.response, 'Say a & b + c')
  })

  it('start one turn however often the same delivery of GitHub’s comes', async () => {
    const body = '{"repo":"acme/billing"}'
    const headers = {
      ...signedBy('github', body),
      'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    }
    const first = await Promise.all(Array.from({ length: 100 }, () => send('turns', body, headers)))
    assert.deepEqual(new Set(first.map(({ status }) => status)), new Set([202]))
    assert.equal(new Set(first.map((answer) => answer.body.deliveryId)).size, 1)
    await settled(home, server, first[0]?.body.deliveryId)
    const again = await send('turns', body, headers)
    assert.equal(again.headers.get('idempotency-replayed'), 'true')
    assert.equal(again.body.deliveryId, first[0]?.body.deliveryId)
    assert.equal(await readFile(join(home, 'turns'), 'utf8'), 'turn\n')
  })

  it('cannot push another’s delivery out by its unsigned id', async () => {
    const id = { 'x-github-delivery': 'the-same-for-both' }
    const ids = await Promise.all(
      ['{"repo":"one"}', '{"repo":"two"}'].map(async (body) => {
        const { status, body: answer } = await send('turns', body, {
          ...signedBy('github', body),
          ...id,
        })
        assert.equal(status, 202)
        return answer.deliveryId
      }),
    )
    assert.equal(new Set(ids).size, 2)
  })

  const challenge = JSON.stringify({ type: 'url_verification', challenge: 'abc123' })
  const ping = '{"type":1}'
  const handshakes: readonly [name: string, hook: string, body: string, more: Headers, answer: string][] = [
    ['Slack’s challenge', 'slack', challenge, {}, 'abc123'],
    ['Discord’s PING', 'discord', ping, {}, '{"type":1}'],
    [
      'GitHub’s ping',
      'github',
      '{"zen":"Keep it simple."}',
      { 'x-github-event': 'ping' },
      '{"status":"pong"}',
    ],
  ]
  for (const [name, hook, body, more, answer] of handshakes)
    it(`get an answer to ${name}, and no delivery`, async () => {
      const stored = await countDeliveries(home, server)
      const good = await send(hook, body, { ...signedBy(hook, body), ...more })
      assert.deepEqual([good.status, good.text], [200, answer])
      assert.equal((await send(hook, body, more)).status, 401)
      assert.equal(await countDeliveries(home, server), stored)
    })

  it('get an answer to a GET where their handshake is one', async () => {
    const meta = (token: string) =>
      fetch(
        `${at('meta')}?hub.mode=subscribe&hub.verify_token=${encodeURIComponent(token)}&hub.challenge=1158201444`,
      )
    const good = await meta('a verify token of Meta')
    assert.deepEqual([good.status, await good.text()], [200, '1158201444'])
    assert.equal((await meta('a guess')).status, 401)
    const dropbox = await fetch(`${at('dropbox')}?challenge=xyz`)
    assert.deepEqual([dropbox.status, await dropbox.text()], [200, 'xyz'])
    const probed = await fetch(`${at('github')}?challenge=xyz`)
    assert.deepEqual([probed.status, await probed.text()], [200, ''])
  })

  it('get an answer to OPTIONS where their handshake is one, and 405 elsewhere', async () => {
    const stored = await countDeliveries(home, server)
    const ask = (hook: string, headers: Headers) => fetch(at(hook), { method: 'OPTIONS', headers })
    const origin = { 'webhook-request-origin': 'eventemitter.example.com' }
    const granted = await ask('events', { ...origin, 'webhook-request-rate': '120' })
    assert.equal(granted.status, 200)
    assert.equal(granted.headers.get('webhook-allowed-origin'), 'eventemitter.example.com')
    assert.equal(granted.headers.get('webhook-allowed-rate'), '120')
    for (const [hook, headers, allow] of [
      ['events', {}, 'POST, OPTIONS'],
      ['github', origin, 'POST'],
    ] as const) {
      const refused = await ask(hook, headers)
      assert.deepEqual([refused.status, refused.headers.get('allow')], [405, allow])
      assert.equal(refused.headers.get('webhook-allowed-origin'), null)
    }
    assert.equal(await countDeliveries(home, server), stored)
  })

  it('cannot speak for Amazon with a certificate of their own', async () => {
    const stored = await countDeliveries(home, server)
    const message = {
      ...{ Type: 'SubscriptionConfirmation', MessageId: '1', TopicArn: topicArn, Message: 'x', Token: 't' },
      ...{ Timestamp: new Date().toISOString(), SignatureVersion: '2', Signature: 'AAAA' },
      SubscribeURL: `${server.url}/healthz`,
      SigningCertURL: `${server.url}/cert.pem`,
    }
    const type = { 'content-type': 'text/plain; charset=UTF-8' }
    assert.equal((await send('sns', JSON.stringify(message), type)).status, 401)
    assert.equal(await countDeliveries(home, server), stored)
  })

  it('send CloudEvents in binary mode, and a form of Twilio’s', async () => {
    const event = {
      ...{ 'ce-specversion': '1.0', 'ce-type': 'com.example.someevent', 'ce-id': '1', 'ce-source': '/ctx' },
      ...{ authorization: `Bearer ${secret}`, prefer: 'wait=20' },
    }
    assert.equal((await send('events', '{"a":1}', event)).body.response, 'com.example.someevent from /ctx')
    const body = 'Body=Is+it+open%3F&From=%2B1&To=%2B2'
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': createHmac('sha1', secret)
        .update(`${at('twilio')}BodyIs it open?From+1To+2`)
        .digest('base64'),
      prefer: 'wait=20',
    }
    const { body: answer } = await send('twilio', body, headers)
    assert.equal(answer.response, 'Message from +1 to +2:\nIs it open?')
    assert.equal((await send('twilio', body.replace('open', 'shut'), headers)).status, 401)
  })
})

/** The same request with its proof in two header lines. Resolves with the status. */
function twice(url: string, body: string, headers: Headers, proof: string): Promise<number> {
  const all = {
    'content-type': 'application/json',
    ...headers,
    [proof]: [headers[proof] ?? '', headers[proof] ?? ''],
  }
  return new Promise((resolve, reject) => {
    const sending = request(url, { method: 'POST', headers: all }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sending.once('error', reject)
    sending.end(body)
  })
}
