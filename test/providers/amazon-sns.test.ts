import assert from 'node:assert/strict'
import { createSign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Failure } from '../../src/domain/error.ts'
import type { Hook } from '../../src/domain/hook.ts'
import { createHookRenderer, readPayload } from '../../src/inbound/webhook-message.ts'
import { createNetwork } from '../../src/providers/network.ts'
import { prove } from '../../src/providers/prove.ts'

const fixture = (name: string) => readFileSync(new URL(`../fixtures/sns/${name}`, import.meta.url), 'utf8')
const key = fixture('rsa-key.pem')

const now = Date.parse('2027-01-15T08:00:00.000Z')
const topicArn = 'arn:aws:sns:us-west-2:123456789012:MyTopic'
const host = 'https://sns.us-west-2.amazonaws.com'
const certificate = `${host}/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem`
const config = { scheme: 'amazon-sns', secrets: [], topicArn }

type Message = Readonly<Record<string, unknown>>

/** docs.aws.amazon.com, "HTTP/HTTPS notification JSON format" and "subscription confirmation JSON format". */
const common: Message = {
  Type: 'Notification',
  MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
  TopicArn: topicArn,
  Message: 'Hello world!',
  Timestamp: new Date(now).toISOString(),
  SignatureVersion: '2',
  SigningCertURL: certificate,
}
const notification: Message = { ...common, Subject: 'My First Message', UnsubscribeURL: `${host}/?x` }
const SubscribeURL = `${host}/?Action=ConfirmSubscription&Token=2336412f37`
const confirmation: Message = {
  ...common,
  ...{ Type: 'SubscriptionConfirmation', Token: '2336412f37', SubscribeURL },
}

/** docs.aws.amazon.com, "Verifying the signatures": each name and its value on lines of their own, in this order. */
const order = ['Message', 'MessageId', 'Subject', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']

function signed(message: Message): Message {
  const present = order.filter((name) => message[name] !== undefined)
  const signer = createSign(message.SignatureVersion === '1' ? 'sha1' : 'sha256')
  signer.update(present.map((name) => `${name}\n${message[name]}\n`).join(''))
  return { ...message, Signature: signer.sign(key, 'base64') }
}

/** The network as these pages make it; what is asked of it is kept. */
function amazon(pages: Readonly<Record<string, string>> = { [certificate]: fixture('rsa-cert.pem') }) {
  const asked: string[] = []
  const network = createNetwork(async ({ href }) => {
    asked.push(href)
    const page = pages[href]
    return page === undefined ? undefined : new TextEncoder().encode(page)
  })
  return { asked, network: network }
}

const proofOf = (message: unknown, { network } = amazon(), topic = topicArn, at = now) =>
  prove(
    { ...config, topicArn: topic },
    { method: 'POST', url: 'https://x.example/', now: at, header: () => undefined },
    async () => new TextEncoder().encode(JSON.stringify(message)),
    network,
  )

const kindOf = async (...sent: Parameters<typeof proofOf>) => (await proofOf(...sent)).kind

async function statusOf(...sent: Parameters<typeof proofOf>): Promise<number> {
  const proof = await proofOf(...sent)
  return proof.kind === 'handshake' ? proof.answer.status : assert.fail(proof.kind)
}

test('amazon-sns: a notification verifies in both versions, with and without a subject', async () => {
  const id = common.MessageId
  for (const SignatureVersion of ['1', '2'])
    for (const message of [notification, common])
      assert.deepEqual(await proofOf(signed({ ...message, SignatureVersion })), {
        kind: 'verified',
        verified: { deliveryId: id, idempotencyKey: id },
      })
})

test('amazon-sns: a change of anything that is signed is refused', async () => {
  const good = signed(notification)
  for (const name of ['Message', 'MessageId', 'Subject', 'Timestamp', 'Type', 'Signature'])
    for (const value of [`${good[name]}x`, '', undefined])
      assert.equal(await kindOf({ ...good, [name]: value }), 'unproven', `${name} ${value}`)
  for (const SignatureVersion of ['', '0', '1', '3', 2, 'constructor'])
    assert.equal(await kindOf({ ...good, SignatureVersion }), 'unproven')
  for (const message of [null, [], 'x', { ...good, Message: 7 }, { ...good, Type: 'constructor' }])
    assert.equal(await kindOf(message), 'unproven')
})

test('amazon-sns: another topic is refused without asking for its certificate', async () => {
  const network = amazon()
  const theirs = signed({ ...notification, TopicArn: 'arn:aws:sns:us-west-2:999999999999:MyTopic' })
  assert.equal(await kindOf(theirs, network), 'unproven')
  assert.equal(await kindOf(signed({ ...notification, TopicArn: '' }), network, ''), 'unproven')
  assert.deepEqual(network.asked, [])
})

test('amazon-sns: no certificate is fetched from elsewhere', async () => {
  for (const SigningCertURL of [
    certificate.replace('https:', 'http:'),
    certificate.replace('.com/', '.com:8443/'),
    certificate.replace('https://', 'https://user@'),
    certificate.replace('amazonaws.com', 'amazonaws.com.evil.example'),
    certificate.replace('sns.us-west-2.', 'sns.us-west-2.evil.'),
    certificate.replace('sns.', 's3.'),
    certificate.replace('us-west-2', 's3-us-west-2'),
    certificate.replace('us-west-2', 'us-east-1'),
    certificate.replace('.com/', '.com.cn/'),
    certificate.replace('.com/', '.com./'),
    certificate.replace('https://', 'https://evil.example\\@'),
    certificate.replace('https://', 'https://:x@'),
    certificate.replace('https://', 'https://evil.example/'),
    certificate.replace('.pem', '.txt'),
    `${certificate}?1`,
    `${certificate}?.pem`,
    certificate.replace('.pem', '#.pem'),
    'file:///etc/ssl/cert.pem',
    '',
  ]) {
    const network = amazon({ [SigningCertURL]: fixture('rsa-cert.pem') })
    assert.equal(await kindOf(signed({ ...notification, SigningCertURL }), network), 'unproven')
    assert.deepEqual(network.asked, [], SigningCertURL)
  }
  const SigningCertURL = certificate.replace('us-west-2.amazonaws.com', 'cn-north-1.amazonaws.com.cn')
  const china = amazon({ [SigningCertURL]: fixture('rsa-cert.pem') })
  const TopicArn = 'arn:aws-cn:sns:cn-north-1:123456789012:MyTopic'
  assert.equal(
    await kindOf(signed({ ...notification, SigningCertURL, TopicArn }), china, TopicArn),
    'verified',
  )
})

test('amazon-sns: a message too old or ahead, and a certificate out of its time, are refused', async () => {
  const good = signed(notification)
  for (const [off, kind] of [
    [-7200, 'verified'],
    [7200, 'verified'],
    [-7201, 'unproven'],
    [7201, 'unproven'],
  ] as const)
    assert.equal(await kindOf(good, amazon(), topicArn, now + off * 1000), kind, `${off}`)
  for (const year of ['2020', '2200']) {
    const Timestamp = `${year}-01-01T00:00:00.000Z`
    const message = signed({ ...notification, Timestamp })
    assert.equal(await kindOf(message, amazon(), topicArn, Date.parse(Timestamp)), 'unproven')
  }
})

test('amazon-sns: what is no certificate, or one of another kind, verifies nothing', async () => {
  for (const page of ['', 'not a certificate', fixture('ec-cert.pem')])
    assert.equal(await kindOf(signed(notification), amazon({ [certificate]: page })), 'unproven')
})

test('amazon-sns: a certificate is fetched once, also for messages that come together', async () => {
  const network = amazon()
  const good = signed(notification)
  const kinds = await Promise.all(Array.from({ length: 20 }, () => kindOf(good, network)))
  assert.deepEqual(new Set([...kinds, await kindOf(good, network)]), new Set(['verified']))
  assert.deepEqual(network.asked, [certificate])
})

test('amazon-sns: a certificate that was not there is asked for again a minute later', async () => {
  const network = amazon({})
  const good = signed({ ...notification, Timestamp: new Date(now).toISOString() })
  for (const later of [0, 59_999, 60_001])
    assert.equal(await kindOf(good, network, topicArn, now + later), 'unproven')
  assert.deepEqual(network.asked, [certificate, certificate])
})

test('amazon-sns: nobody makes us fetch more than four certificates at a time', async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<undefined>()
  const full = Promise.withResolvers<undefined>()
  let fetching = 0
  const network = createNetwork(() => {
    fetching++
    if (fetching === 4) full.resolve(undefined)
    return held
  })
  const at = (name: string) =>
    kindOf(signed({ ...notification, SigningCertURL: `${host}/${name}.pem` }), {
      asked: [],
      network: network,
    })
  const four = ['a', 'b', 'c', 'd'].map(at)
  await full.promise
  await Promise.all(['e', 'f'].map((name) => assert.rejects(at(name), { code: 'rate_limited' })))
  release(undefined)
  assert.deepEqual(new Set([...(await Promise.all(four)), await at('e')]), new Set(['unproven']))
  assert.equal(fetching, 5)
})

test('amazon-sns: a network that is down is no guess: the sender is told to try again', async () => {
  const network = createNetwork(() => Promise.reject(new Failure('unreachable', 'down')))
  const sent = () => proofOf(signed(notification), { asked: [], network: network })
  await assert.rejects(sent(), { code: 'unreachable' })
  await assert.rejects(sent(), { code: 'unreachable' })
})

test('amazon-sns: a stranger learns nothing of our network from a certificate that cannot be fetched', async () => {
  const network = createNetwork(() => Promise.reject(new Failure('unreachable', 'ENOTFOUND at 10.0.0.1')))
  const refused = await proofOf(signed(notification), { asked: [], network }).catch(
    (thrown: Failure) => thrown,
  )
  assert.ok(refused instanceof Failure)
  assert.doesNotMatch(refused.message, /ENOTFOUND|10\.0|amazonaws/)
})

test('amazon-sns: a subscription is confirmed at the address that was signed with it', async () => {
  const pages = { [certificate]: fixture('rsa-cert.pem'), [SubscribeURL]: '<ConfirmSubscriptionResponse/>' }
  const network = amazon(pages)
  assert.equal(await statusOf(signed(confirmation), network), 200)
  assert.deepEqual(network.asked, [certificate, SubscribeURL])

  const forged = amazon(pages)
  const replaced = { ...signed(confirmation), SubscribeURL: `${host}/?Action=Other` }
  assert.equal(await kindOf(replaced, forged), 'unproven')
  const elsewhere = signed({ ...confirmation, SubscribeURL: 'https://evil.example/' })
  assert.equal(await statusOf(elsewhere, forged), 502)
  assert.deepEqual(forged.asked, [certificate])
  assert.equal(await statusOf(signed(confirmation)), 502)
})

test('amazon-sns: the end of a subscription is taken note of and is no delivery', async () => {
  assert.equal(await statusOf(signed({ ...confirmation, Type: 'UnsubscribeConfirmation' })), 200)
})

test('amazon-sns: JSON that calls itself text is read, and so is the JSON in its message', async () => {
  const rendered = async (message: Message, fields: Partial<Hook> = {}) => {
    const hook: Hook = {
      ...{ name: 'h', path: '/api/hooks/h', active: true, action: 'agent', fence: false },
      ...{ maxBodyBytes: 1024, verify: config, preset: 'amazon-sns', ...fields },
    }
    const header = (name: string) => (name === 'content-type' ? 'text/plain; charset=UTF-8' : undefined)
    const payload = await readPayload(hook, new TextEncoder().encode(JSON.stringify(message)), header)
    const rendering = createHookRenderer(hook)({ payload, header })
    return rendering.kind === 'text' ? rendering.text : rendering.kind
  }
  assert.equal(await rendered(notification), 'Amazon SNS, MyTopic: My First Message\nHello world!')
  const alarm = { AlarmName: 'DiskFull', NewStateValue: 'ALARM', NewStateReason: 'Over 90 %' }
  assert.equal(
    await rendered({ ...common, Message: JSON.stringify(alarm) }),
    'Amazon SNS, MyTopic\nAlarm DiskFull: ALARM\nOver 90 %',
  )
  const Message = '{"Records":[{"id":1}]}'
  const template = '{{message.Records.0.id}} {{Message}}'
  assert.equal(await rendered({ ...common, Message }, { template }), `1 ${Message}`)
})
