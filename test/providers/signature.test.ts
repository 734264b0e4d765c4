import assert from 'node:assert/strict'
import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import type { VerifyConfig } from '../../src/domain/verify.ts'
import { schemeNames, schemeOf } from '../../src/providers/index.ts'
import { offline } from '../../src/providers/network.ts'
import { prove } from '../../src/providers/prove.ts'
import type { SignedRequest, Verified } from '../../src/providers/request.ts'

type HeaderMap = Readonly<Record<string, string>>

interface Case {
  readonly title: string
  readonly config: VerifyConfig
  readonly body: string | Uint8Array
  readonly headers: HeaderMap
  /** Unix seconds. */
  readonly now: number
  readonly url?: string
  readonly method?: string
  /** Set where the scheme has a signed time. */
  readonly toleranceSeconds?: number
}

const requestOf = (one: Case): SignedRequest => {
  const headers = new Map(Object.entries(one.headers).map(([name, value]) => [name.toLowerCase(), value]))
  return {
    method: one.method ?? 'POST',
    url: one.url ?? 'https://door.example/api/hooks/x',
    rawBody: Buffer.from(one.body),
    header: (name) => headers.get(name),
    now: one.now * 1000,
  }
}

/** They need more than the request, so they have tests of their own. */
const elsewhere: readonly string[] = ['microsoft-graph', 'amazon-sns']

const verified = async (one: Case): Promise<Verified | undefined> => {
  const request = requestOf(one)
  const proof = await prove(one.config, request, async () => request.rawBody, offline)
  if (proof.kind === 'handshake') return {}
  return proof.kind === 'verified' ? proof.verified : undefined
}
const accepts = async (one: Case, why = '') => assert.ok(await verified(one), `${one.title} ${why}`)
const refuses = async (one: Case, why: string) =>
  assert.equal(await verified(one), undefined, `${one.title} ${why}`)

interface Published {
  readonly id: string
  readonly provider: string
  readonly secret?: string
  readonly public_key?: string
  readonly body: string
  readonly headers: HeaderMap
  readonly now?: number
  readonly tolerance_s?: number
  readonly url?: string
  readonly expected: 'valid' | 'invalid'
}

const file = new URL('../vectors/providers/published.json', import.meta.url)
const published: readonly Published[] = JSON.parse(readFileSync(file, 'utf8')).vectors

const caseOf = (vector: Published): Case => ({
  title: vector.id,
  config: {
    scheme: vector.provider === 'standardwebhooks' ? 'standard-webhooks' : vector.provider,
    secrets: [vector.secret ?? vector.public_key ?? ''],
    ...(vector.url !== undefined && { url: vector.url }),
  },
  body: vector.body,
  headers: vector.headers,
  now: vector.now ?? 1_700_000_000,
  ...(vector.url !== undefined && { url: vector.url }),
  ...(vector.tolerance_s !== undefined && { toleranceSeconds: vector.tolerance_s }),
})

const now = 1_700_000_000
const body = '{"id":"evt_1","type":"x","event":{"id":"E1"},"event_id":"Ev1","webhookTimestamp":1700000000000}'
const secret = 'a secret of some length'
const standardSecret = `whsec_${Buffer.alloc(24, 5).toString('base64')}`

function mac(
  text: string,
  encoding: 'hex' | 'base64' = 'hex',
  key: string | Buffer = secret,
  hash = 'sha256',
) {
  return createHmac(hash, key).update(text).digest(encoding)
}

const made = (
  scheme: string,
  headers: HeaderMap,
  more: Partial<VerifyConfig> = {},
  rest: Partial<Case> = {},
): Case => ({
  title: scheme,
  config: { scheme, secrets: [secret], ...more },
  body,
  headers,
  now,
  ...rest,
})

const basicOf = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** Computed here from the vendor's own description, where no vendor published an example. */
const computed: readonly Case[] = [
  made('gitea', { 'X-Gitea-Signature': mac(body) }),
  made('sentry', { 'Sentry-Hook-Signature': mac(body) }),
  made('pagerduty', { 'X-PagerDuty-Signature': `v1=${mac(body)}` }),
  made(
    'pagerduty',
    { 'X-PagerDuty-Signature': `v1=${'0'.repeat(64)},v1=${mac(body)}` },
    {},
    { title: 'pagerduty-2' },
  ),
  made('grafana', { 'X-Grafana-Alerting-Signature': mac(body) }),
  made(
    'grafana',
    { 'X-Sig': mac(`${now}:${body}`), 'X-Time': `${now}` },
    { header: 'X-Sig', timestampHeader: 'X-Time' },
    { title: 'grafana-time', toleranceSeconds: 300 },
  ),
  made(
    'zoom',
    { 'x-zm-signature': `v0=${mac(`v0:${now}:${body}`)}`, 'x-zm-request-timestamp': `${now}` },
    {},
    { toleranceSeconds: 300 },
  ),
  made('meta', { 'X-Hub-Signature-256': `sha256=${mac(body)}` }),
  made(
    'twitch',
    {
      'Twitch-Eventsub-Message-Id': 'm-1',
      'Twitch-Eventsub-Message-Timestamp': '2023-11-14T22:13:20.123456789Z',
      'Twitch-Eventsub-Message-Signature': `sha256=${mac(`m-12023-11-14T22:13:20.123456789Z${body}`)}`,
    },
    {},
    { now: now + 0.123, toleranceSeconds: 600 },
  ),
  made('dropbox', { 'X-Dropbox-Signature': mac(body) }),
  made('gitlab', { 'X-Gitlab-Token': secret }),
  made(
    'gitlab',
    {
      'webhook-id': 'g-1',
      'webhook-timestamp': `${now}`,
      'webhook-signature': `v1,${mac(`g-1.${now}.${body}`, 'base64', Buffer.alloc(24, 5))}`,
    },
    { secrets: [standardSecret] },
    { title: 'gitlab-signed', toleranceSeconds: 300 },
  ),
  made('bearer', { Authorization: `Bearer ${secret}` }),
  made(
    'bearer',
    { 'X-Token': `Token ${secret}` },
    { header: 'X-Token', prefix: 'Token ' },
    { title: 'bearer-own' },
  ),
  made('azure-event-grid', { Authorization: `Bearer ${secret}` }),
  made('cloudevents', { 'X-Secret': secret }, { header: 'X-Secret' }),
  made(
    'microsoft-teams',
    { Authorization: `HMAC ${mac(body, 'base64', Buffer.alloc(24, 5))}` },
    { secrets: [standardSecret.slice('whsec_'.length)] },
  ),
  made('basic', { Authorization: basicOf('üser', secret) }, { username: 'üser' }),
  made('hmac', { 'X-Sig': mac(body) }, { header: 'X-Sig' }),
  made('hmac', { 'X-Sig': mac(body).toUpperCase() }, { header: 'x-sig' }, { title: 'hmac-capitals' }),
  made(
    'hmac',
    {
      'X-Sig': `v9:${mac(`POST|https://door.example/q?a=1|n-1|${now}000|${body}`, 'base64', secret, 'sha512')}`,
      'X-Nonce': 'n-1',
      'X-Time': `${now}000`,
    },
    {
      header: 'X-Sig',
      prefix: 'v9:',
      encoding: 'base64',
      algorithm: 'sha512',
      signed: '{method}|{url}|{header:X-Nonce}|{timestamp}|{body}',
      timestampHeader: 'X-Time',
    },
    { title: 'hmac-everything', url: 'https://door.example/q?a=1', toleranceSeconds: 300 },
  ),
  made(
    'hmac',
    { 'X-Sig': mac(body, 'hex', secret, 'sha1') },
    { header: 'X-Sig', algorithm: 'sha1' },
    { title: 'hmac-sha1' },
  ),
]

const valid = [...published.filter((one) => one.expected === 'valid').map(caseOf), ...computed]
/** Schemes whose proof is the secret itself: they say nothing of the body. */
const bare: readonly string[] = ['bearer', 'bearer-own', 'basic', 'gitlab', 'azure-event-grid', 'cloudevents']
const signedCases = valid.filter((one) => !bare.includes(one.title))

/** Where several signatures are listed. */
const listing: readonly string[] = ['standardwebhooks-3-multisig', 'pagerduty-2']

const isSignature = (name: string): boolean => /signature|hmac|-sig$|^authorization$|token$/i.test(name)

const withSignature = (one: Case, change: (value: string) => string): Case => ({
  ...one,
  headers: Object.fromEntries(
    Object.entries(one.headers).map(([name, value]) => [
      name,
      isSignature(name) && !/timestamp/i.test(name) ? change(value) : value,
    ]),
  ),
})

test('verify agrees with every published example at its own time', async () => {
  assert.ok(published.length >= 25)
  for (const vector of published) {
    const found = (await verified(caseOf(vector))) !== undefined
    assert.equal(found, vector.expected === 'valid', vector.id)
  }
})

test('verify accepts every scheme there is', async () => {
  for (const one of valid) await accepts(one)
  assert.deepEqual(new Set([...valid.map((one) => one.config.scheme), ...elsewhere]), new Set(schemeNames))
})

test('verify refuses a body changed in any byte', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...signedCases),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      async (one, at, flip) => {
        const bytes = Buffer.from(one.body)
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ flip
        await refuses({ ...one, body: bytes }, 'flipped')
      },
    ),
    { numRuns: 500 },
  )
  for (const one of signedCases) {
    await refuses({ ...one, body: `${one.body} ` }, 'lengthened')
    await refuses({ ...one, body: Buffer.from(one.body).subarray(1) }, 'shortened')
    await refuses({ ...one, body: '' }, 'emptied')
  }
})

test('verify is two-sided about time where the scheme has one', async () => {
  const timed = signedCases.filter((one) => one.toleranceSeconds !== undefined)
  assert.ok(timed.length >= 14)
  for (const one of timed) {
    const tolerance = one.toleranceSeconds ?? 0
    for (const off of [-tolerance, tolerance]) await accepts({ ...one, now: one.now + off }, `at ${off}`)
    for (const off of [-tolerance - 1, tolerance + 1, -1e9, 1e9])
      await refuses({ ...one, now: one.now + off }, `at ${off}`)
    const wider = { ...one.config, toleranceSeconds: tolerance + 10 }
    await accepts({ ...one, config: wider, now: one.now + tolerance + 10 })
    const narrower = { ...one.config, toleranceSeconds: 2 }
    await refuses({ ...one, config: narrower, now: one.now - 3 }, 'narrower')
  }
})

test('verify refuses secrets that are empty, missing or another’s', async () => {
  for (const one of valid)
    for (const secrets of [[], [''], ['', ''], ['another secret of that length'], ['whsec_'], ['whpk_']])
      await refuses({ ...one, config: { ...one.config, secrets } }, JSON.stringify(secrets))
  const nothing = made('hmac', { 'X-Sig': mac(body, 'hex', '') }, { header: 'X-Sig', secrets: [''] })
  await refuses(nothing, 'signed with nothing')
  await refuses(made('basic', { Authorization: basicOf('', '') }, { username: '', secrets: [''] }), 'nobody')
})

test('verify takes any of several secrets', async () => {
  for (const one of valid) {
    const [own = ''] = one.config.secrets
    for (const secrets of [
      ['another secret', own],
      [own, 'another secret'],
      ['', own],
    ])
      await accepts({ ...one, config: { ...one.config, secrets } })
  }
})

test('verify refuses a signature in any other spelling', async () => {
  const changes: readonly (readonly [string, (value: string) => string])[] = [
    ['absent', () => ''],
    ['sent twice', (value) => `${value}, ${value}`],
    ['followed by another', (value) => `${value}, x`],
    ['preceded by another', (value) => `x, ${value}`],
    ['truncated', (value) => value.slice(0, -1)],
    ['truncated by a byte', (value) => value.slice(0, -2)],
    ['half', (value) => value.slice(0, value.length / 2)],
    ['one digit longer', (value) => `${value}0`],
    ['doubled', (value) => (value.includes(',') ? value : value + value)],
    ['a space before', (value) => ` ${value}`],
    ['a tab after', (value) => `${value}\t`],
    ['a newline after', (value) => `${value}\n`],
    ['a zero byte after', (value) => `${value}\0`],
    ['quoted', (value) => `"${value}"`],
    ['padded', (value) => `${value}=`],
    ['prefix in capitals', (value) => value.replace(/^(sha256|v0|v1)=/, (text) => text.toUpperCase())],
  ]
  // Where several are listed, what befalls one leaves the others good.
  for (const one of signedCases.filter((some) => !listing.includes(some.title)))
    for (const [why, change] of changes) {
      const changed = withSignature(one, change)
      const same = JSON.stringify(changed.headers) === JSON.stringify(one.headers)
      const isJoined = why === 'sent twice' && isList(one)
      if (!same && !isJoined) await refuses(changed, why)
    }
})

/** Whether the header of the signature is a list that may be sent in two lines. */
const isList = ({ config, headers }: Case): boolean =>
  config.scheme === 'pagerduty' ||
  Object.keys(headers).some((name) => /^(webhook|svix)-signature$/i.test(name))

test('verify takes lists of signatures as proxies join and fold them', async () => {
  const joined: readonly ((list: string) => string)[] = [
    (list) => `${list}, ${list}`,
    (list) => list.replaceAll(',', ', '),
    (list) => `${list.replaceAll(',', ', ')}, ${list}`,
  ]
  const lists = signedCases.filter(isList)
  assert.ok(lists.length >= 3)
  for (const one of lists) for (const join of joined) await accepts(withSignature(one, join))
  const standard = lists.find(({ config }) => config.scheme === 'standard-webhooks') ?? assert.fail()
  for (const spell of [
    (list: string) => `v1,AAAA ${list}`,
    (list: string) => `v1,AAAA, ${list}`,
    (list: string) => `v1, AAAA ${list.replaceAll(',', ', ')}`,
  ])
    await accepts(withSignature(standard, spell))
  const stripe = `t=${now},v1=${mac(`${now}.${body}`)}`
  await accepts(made('stripe', { 'Stripe-Signature': stripe.replaceAll(',', ', ') }))
  await refuses(made('stripe', { 'Stripe-Signature': `${stripe}, ${stripe}` }), 'two times')
})

test('verify refuses hex in capitals from those who never send it', async () => {
  const vendors = signedCases.filter((one) => one.config.scheme !== 'hmac')
  const hexadecimal = vendors.filter((one) =>
    Object.values(one.headers).some((value) => /[0-9a-f]{64}/.test(value)),
  )
  assert.ok(hexadecimal.length >= 12)
  for (const one of hexadecimal)
    await refuses(
      withSignature(one, (value) => value.replace(/[0-9a-f]{64,}/g, (digits) => digits.toUpperCase())),
      'capitals',
    )
  const mixed = made(
    'hmac',
    { 'X-Sig': mac(body).replace(/[a-f]/, (digit) => digit.toUpperCase()) },
    { header: 'X-Sig' },
  )
  await refuses(mixed, 'mixed')
})

test('verify refuses base64 with trailing bits, without padding, in the URL alphabet', async () => {
  const at = (signature: string) => made('shopify', { 'X-Shopify-Hmac-Sha256': signature })
  const good = mac(body, 'base64')
  await accepts(at(good))
  await refuses(at(good.slice(0, -1)), 'no padding')
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const last = alphabet.indexOf(good.charAt(42))
  for (const bits of [1, 2, 3]) {
    const twin = `${good.slice(0, 42)}${alphabet.charAt(last ^ bits)}=`
    assert.deepEqual(Buffer.from(twin, 'base64'), Buffer.from(good, 'base64'))
    await refuses(at(twin), 'trailing bits')
  }
  await refuses(at(good.replaceAll('+', '-').replaceAll('/', '_').replace('=', '')), 'URL alphabet')
})

test('verify does not take one sender for another', async () => {
  const alike: readonly (readonly string[])[] = [
    ['github', 'meta'],
    ['standard-webhooks', 'svix', 'gitlab'],
  ]
  for (const one of valid.filter((some) => !bare.includes(some.title) && some.config.scheme !== 'hmac'))
    for (const scheme of schemeNames) {
      if (
        elsewhere.includes(scheme) ||
        scheme === one.config.scheme ||
        alike.some((kin) => kin.includes(scheme) && kin.includes(one.config.scheme))
      )
        continue
      await refuses({ ...one, config: { ...one.config, scheme } }, `as ${scheme}`)
    }
})

test('verify never throws, whatever arrives', async () => {
  const junk = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.constantFrom('v1=', 't=,v1=', 'v1,', 'sha256=', 'Basic ', 'Bearer '),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...valid),
      junk,
      fc.uint8Array({ maxLength: 40 }),
      async (one, value, bytes) => {
        const headers = Object.fromEntries(Object.keys(one.headers).map((name) => [name, value]))
        await refuses({ ...one, headers }, 'junk in all headers')
        await refuses({ ...one, headers: {}, body: bytes }, 'no headers')
      },
    ),
  )
})

test('hmac verifies exactly what was signed, for any key, body and encoding', async () => {
  const algorithm = fc.constantFrom('sha256' as const, 'sha1' as const, 'sha512' as const)
  const encoding = fc.constantFrom('hex' as const, 'base64' as const)
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.uint8Array(),
      algorithm,
      encoding,
      fc.constantFrom('', 'sha=', 'v1,'),
      async (key, bytes, hash, spelling, prefix) => {
        const value = prefix + createHmac(hash, key).update(bytes).digest(spelling)
        const config = { header: 'X-Sig', prefix, algorithm: hash, encoding: spelling, secrets: [key] }
        await accepts(made('hmac', { 'X-Sig': value }, config, { body: bytes }))
        await refuses(
          made('hmac', { 'X-Sig': value }, { ...config, secrets: [`${key}x`] }, { body: bytes }),
          'other key',
        )
      },
    ),
  )
})

test('hmac refuses when a header to be signed or the time is missing', async () => {
  const one = computed.find((some) => some.title === 'hmac-everything')
  assert.ok(one)
  for (const name of Object.keys(one.headers))
    await refuses({ ...one, headers: { ...one.headers, [name]: '' } }, `without ${name}`)
  await refuses({ ...one, method: 'PUT' }, 'other method')
  await refuses({ ...one, url: 'https://door.example/q?a=2' }, 'other address')
  await accepts({
    ...one,
    url: 'https://inner/q',
    config: { ...one.config, url: 'https://door.example/q?a=1' },
  })
})

test('times that are no plain Unix time are refused', async () => {
  for (const time of [
    '',
    '0',
    '-1',
    '+1700000000',
    '1.7e9',
    '1700000000.0',
    ' 1700000000',
    '0x6553f100',
    '٣',
    '99999999999999999',
  ]) {
    const headers = {
      'X-Slack-Request-Timestamp': time,
      'X-Slack-Signature': `v0=${mac(`v0:${time}:${body}`)}`,
    }
    await refuses(made('slack', headers), time)
  }
})

test('stripe refuses two times, no v1 and a flood of signatures', async () => {
  const good = mac(`${now}.${body}`)
  const at = (value: string) => made('stripe', { 'Stripe-Signature': value })
  await accepts(at(`t=${now},v1=${good}`))
  await accepts(at(`t=${now},v0=${'0'.repeat(64)},v1=${good}`))
  await accepts(at(`v1=${good},t=${now}`))
  for (const value of [
    `t=${now},t=${now},v1=${good}`,
    `t=${now + 1},v1=${good}`,
    `v1=${good}`,
    `t=${now}`,
    `t=${now},v0=${good}`,
    `t=${now},v1 =${good}`,
    `t=${now},v1=${good}, t=${now}`,
    `t=${now},${'v1=00,'.repeat(20)}v1=${good}`,
  ])
    await refuses(at(value), value)
})

test('gitlab cannot be talked down from a signature to a bare token', async () => {
  await refuses(made('gitlab', { 'X-Gitlab-Token': standardSecret }, { secrets: [standardSecret] }), 'token')
  await refuses(made('gitlab', { 'X-Gitlab-Token': `${secret}, ${secret}` }), 'twice')
})

test('discord and whpk_ keys verify Ed25519 by their own key only', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  const signature = sign(null, Buffer.from(`${now}${body}`), privateKey).toString('hex')
  const headers = { 'X-Signature-Ed25519': signature, 'X-Signature-Timestamp': `${now}` }
  await accepts(made('discord', headers, { secrets: [raw.toString('hex')] }))
  await accepts(made('discord', headers, { secrets: [raw.toString('hex').toUpperCase()] }))
  for (const key of [raw.toString('base64'), raw.toString('hex').slice(2), '0'.repeat(64), 'zz'])
    await refuses(made('discord', headers, { secrets: [key] }), key)
  await refuses(
    made(
      'discord',
      { ...headers, 'X-Signature-Ed25519': '0'.repeat(128) },
      { secrets: [raw.toString('hex')] },
    ),
    'zeros',
  )

  const signed = sign(null, Buffer.from(`m.${now}.${body}`), privateKey).toString('base64')
  const standard = { 'webhook-id': 'm', 'webhook-timestamp': `${now}`, 'webhook-signature': `v1a,${signed}` }
  const key = `whpk_${raw.toString('base64')}`
  await accepts(made('standard-webhooks', standard, { secrets: [key] }))
  await refuses(
    made('standard-webhooks', { ...standard, 'webhook-signature': `v1,${signed}` }, { secrets: [key] }),
    'v1',
  )
  const confused = `v1,${mac(`m.${now}.${body}`, 'base64', raw)}`
  await refuses(
    made('standard-webhooks', { ...standard, 'webhook-signature': confused }, { secrets: [key] }),
    'public key as MAC key',
  )
})

test('basic wants both halves, strictly spelled', async () => {
  const at = (authorization: string) => made('basic', { Authorization: authorization }, { username: 'u' })
  await accepts(at(basicOf('u', secret)))
  await accepts(at(basicOf('u', secret).replace('Basic', 'basic')))
  const colon = { username: 'u', secrets: ['a:b:c'] }
  await accepts(made('basic', { Authorization: basicOf('u', 'a:b:c') }, colon))
  for (const value of [
    basicOf('v', secret),
    basicOf('u', `${secret}x`),
    basicOf('u', ''),
    basicOf('', secret),
    `${basicOf('u', secret)}=`,
    `${basicOf('u', secret)}!`,
    basicOf('u', secret).replace('Basic', 'Bearer'),
    `Basic u:${secret}`,
    `${basicOf('u', secret)}, ${basicOf('u', secret)}`,
    '',
  ])
    await refuses(at(value), value)
})

test('bearer compares the whole token', async () => {
  const at = (authorization: string, secrets = [secret]) =>
    made('bearer', { Authorization: authorization }, { secrets })
  await accepts(at(`bearer ${secret}`))
  const beyond = 'gehéim, aber lang genug'
  await accepts(at(`Bearer ${Buffer.from(beyond).toString('latin1')}`, [beyond]))
  await accepts(at(`Bearer ${beyond}`, [beyond]))
  for (const value of [
    'Bearer',
    'Bearer ',
    `Bearer ${secret}x`,
    `Bearer ${secret.slice(1)}`,
    `Bearer${secret}`,
    secret,
    `Basic ${secret}`,
    `Bearer ${secret}, Bearer ${secret}`,
    `Bearer x${secret}`,
  ])
    await refuses(at(value), value)
})

test('microsoft-graph wants the agreed state in every notification', async () => {
  const at = (value: unknown, config: Partial<VerifyConfig> = {}) => {
    const one = made('microsoft-graph', {}, config, { body: JSON.stringify(value) })
    return schemeOf('microsoft-graph')?.verify(one.config, requestOf(one), offline)
  }
  const good = { value: [{ clientState: secret }, { clientState: secret, id: 1 }] }
  assert.deepEqual(await at(good), {})
  assert.deepEqual(await at(good, { secrets: ['', secret] }), {})
  for (const secrets of [[], [''], ['another']]) assert.equal(await at(good, { secrets }), undefined)
  for (const value of [
    null,
    {},
    { value: [] },
    { value: {} },
    { value: [{}] },
    { value: [null] },
    { value: [{ clientState: secret }, {}] },
    { value: [{ clientState: [secret] }] },
    { value: [{ clientState: `${secret}x` }] },
    { value: [{ clientState: '' }] },
  ])
    assert.equal(await at(value), undefined, JSON.stringify(value))
})

test('Verified names a delivery by the sender’s id, with the bytes where nobody vouches for it', async () => {
  const digest = createHash('sha256').update(body).digest('base64url')
  const unsigned: readonly (readonly [string, HeaderMap, Partial<VerifyConfig>?])[] = [
    ['github', { 'X-Hub-Signature-256': `sha256=${mac(body)}`, 'X-GitHub-Delivery': 'id-1' }],
    ['gitea', { 'X-Gitea-Signature': mac(body), 'X-Gitea-Delivery': 'id-1' }],
    ['bitbucket', { 'X-Hub-Signature': `sha256=${mac(body)}`, 'X-Request-UUID': 'id-1' }],
    ['gitlab', { 'X-Gitlab-Token': secret, 'X-Gitlab-Event-UUID': 'id-1' }],
    ['gitlab', { 'X-Gitlab-Token': secret, 'X-Gitlab-Event-UUID': 'id-2', 'Idempotency-Key': 'id-1' }],
    ['shopify', { 'X-Shopify-Hmac-Sha256': mac(body, 'base64'), 'X-Shopify-Webhook-Id': 'id-1' }],
    ['sentry', { 'Sentry-Hook-Signature': mac(body), 'Request-ID': 'id-1' }],
    ['hmac', { 'X-Sig': mac(body), 'X-Id': 'id-1' }, { header: 'X-Sig', idHeader: 'X-Id' }],
    ['bearer', { Authorization: `Bearer ${secret}`, 'X-Id': 'id-1' }, { idHeader: 'X-Id' }],
  ]
  for (const [scheme, headers, config] of unsigned)
    assert.deepEqual(
      await verified(made(scheme, headers, config)),
      { deliveryId: 'id-1', idempotencyKey: `id-1.${digest}` },
      scheme,
    )

  const vouchedFor: readonly (readonly [string, HeaderMap, string, Partial<VerifyConfig>?])[] = [
    ['stripe', { 'Stripe-Signature': `t=${now},v1=${mac(`${now}.${body}`)}` }, 'evt_1'],
    ['pagerduty', { 'X-PagerDuty-Signature': `v1=${mac(body)}` }, 'E1'],
    [
      'slack',
      { 'X-Slack-Signature': `v0=${mac(`v0:${now}:${body}`)}`, 'X-Slack-Request-Timestamp': `${now}` },
      'Ev1',
    ],
    [
      'standard-webhooks',
      {
        'webhook-id': 'w1',
        'webhook-timestamp': `${now}`,
        'webhook-signature': `v1,${mac(`w1.${now}.${body}`, 'base64', Buffer.alloc(24, 5))}`,
      },
      'w1',
      { secrets: [standardSecret] },
    ],
  ]
  for (const [scheme, headers, id, config] of vouchedFor)
    assert.deepEqual(
      await verified(made(scheme, headers, config)),
      { deliveryId: id, idempotencyKey: id },
      scheme,
    )
})

test('Verified names a timed request without a signed id by its time and bytes, so that a replay is the same', async () => {
  const plain = '{"type":"x","webhookTimestamp":1700000000000}'
  const zoom = (time: number): HeaderMap => ({
    'X-Zm-Signature': `v0=${mac(`v0:${time}:${plain}`)}`,
    'X-Zm-Request-Timestamp': `${time}`,
  })
  const timed: readonly (readonly [string, HeaderMap, Partial<VerifyConfig>?])[] = [
    ['zoom', zoom(now)],
    ['stripe', { 'Stripe-Signature': `t=${now},v1=${mac(`${now}.${plain}`)}` }],
    [
      'slack',
      { 'X-Slack-Signature': `v0=${mac(`v0:${now}:${plain}`)}`, 'X-Slack-Request-Timestamp': `${now}` },
    ],
    ['linear', { 'Linear-Signature': mac(plain), 'Linear-Delivery': 'one' }],
    ['linear', { 'Linear-Signature': mac(plain), 'Linear-Delivery': 'another' }],
    [
      'hmac',
      { 'X-Sig': mac(`${now}${plain}`), 'X-Time': `${now}` },
      { header: 'X-Sig', timestampHeader: 'X-Time', signed: '{timestamp}{body}' },
    ],
    [
      'grafana',
      { 'X-Grafana-Alerting-Signature': mac(`${now}:${plain}`), 'X-Time': `${now}` },
      { timestampHeader: 'X-Time' },
    ],
  ]
  const digest = createHash('sha256').update(plain).digest('base64url')
  for (const [scheme, headers, config] of timed) {
    const time = scheme === 'linear' ? 1_700_000_000_000 : now
    const key = (await verified(made(scheme, headers, config, { body: plain })))?.idempotencyKey
    assert.equal(key, `${time}.${digest}`, scheme)
  }
  const later = await verified(made('zoom', zoom(now + 1), {}, { body: plain }))
  assert.equal(later?.idempotencyKey, `${now + 1}.${digest}`)
  assert.deepEqual(
    await verified(made('grafana', { 'X-Grafana-Alerting-Signature': mac(plain) }, {}, { body: plain })),
    {},
  )
})

test('Verified takes no id that is odd, too long or sent twice', async () => {
  for (const id of ['', 'a b', 'a, b', 'x'.repeat(129), 'ä', 'a\n'])
    assert.deepEqual(
      await verified(
        made('github', { 'X-Hub-Signature-256': `sha256=${mac(body)}`, 'X-GitHub-Delivery': id }),
      ),
      {},
    )
  const longest = await verified(
    made('gitea', { 'X-Gitea-Signature': mac(body), 'X-Gitea-Delivery': 'x'.repeat(128) }),
  )
  assert.ok((longest?.idempotencyKey ?? '').length <= 255 && longest?.deliveryId?.length === 128)
})

test('prove lets others take their turn between the secrets of a rotation over a long body', async () => {
  const long = 'x'.repeat(1_100_000)
  const secrets = Array.from({ length: 5 }, (_, at) => `secret number ${at} of the rotation`)
  const proofBy = (key: string) => {
    const one = made('github', { 'X-Hub-Signature-256': `sha256=${mac(long, 'hex', key)}` }, { secrets })
    return prove(one.config, requestOf(one), async () => Buffer.from(long), offline)
  }
  let turns = 0
  let proving = true
  const take = () => {
    turns++
    if (proving) setImmediate(take)
  }
  take()
  const { kind } = await proofBy('none of them')
  proving = false
  assert.equal(kind, 'unproven')
  assert.ok(turns >= secrets.length, `${turns}`)
  for (const key of secrets) assert.equal((await proofBy(key)).kind, 'verified')
})

test('prove lets others take their turn while it looks for the id in a long body of Stripe, Slack or Linear', async () => {
  const long = `{"pad":"${'x'.repeat(6_000_000)}","id":"evt_1","event_id":"Ev1","webhookTimestamp":1700000000000}`
  const proofs: readonly (readonly [scheme: string, headers: HeaderMap, id: string | undefined])[] = [
    ['stripe', { 'Stripe-Signature': `t=${now},v1=${mac(`${now}.${long}`)}` }, 'evt_1'],
    [
      'slack',
      { 'X-Slack-Signature': `v0=${mac(`v0:${now}:${long}`)}`, 'X-Slack-Request-Timestamp': `${now}` },
      'Ev1',
    ],
    ['linear', { 'Linear-Signature': mac(long) }, undefined],
  ]
  for (const [scheme, headers, id] of proofs) {
    let turns = 0
    let proving = true
    const take = () => {
      turns++
      if (proving) setImmediate(take)
    }
    take()
    const found = await verified(made(scheme, headers, {}, { body: long }))
    proving = false
    assert.equal(found?.deliveryId, id, scheme)
    assert.ok(turns >= 5, `${scheme} ${turns}`)
  }
})
