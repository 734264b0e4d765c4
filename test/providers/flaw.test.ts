import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VerifyConfig } from '../../src/domain/verify.ts'
import { flawOf } from '../../src/providers/flaw.ts'
import { schemeNames } from '../../src/providers/index.ts'

const standard = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

const keys: Readonly<Record<string, string>> = {
  discord: 'ab'.repeat(32),
  'microsoft-teams': Buffer.alloc(32, 7).toString('base64'),
}

const fit = (scheme: string, more: Partial<VerifyConfig> = {}): VerifyConfig => ({
  scheme,
  secrets: [keys[scheme] ?? standard],
  ...(scheme === 'hmac' && { header: 'X-Sig' }),
  ...(scheme === 'basic' && { username: 'u' }),
  ...(scheme === 'amazon-sns' && { topicArn: 'arn:aws:sns:us-west-2:123456789012:MyTopic' }),
  ...more,
})

test('flawOf finds nothing wrong with what can verify', async () => {
  const fine = async (config: VerifyConfig) => assert.equal(await flawOf(config), undefined, config.scheme)
  for (const scheme of schemeNames) await fine(fit(scheme))
  for (const scheme of schemeNames) await fine({ ...fit(scheme), secrets: [] })
  const signed = '{method}|{url}|{header:X-Nonce}|{timestamp}|{"a":{body}}'
  await fine(fit('hmac', { signed, timestampHeader: 'X-Time' }))
  await fine(fit('hmac', { prefix: 'v9:', encoding: 'base64', algorithm: 'sha512', idHeader: 'X-Id' }))
  await fine(fit('svix', { secrets: ['MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] }))
  await fine(fit('standard-webhooks', { secrets: ['whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4='] }))
  await fine(fit('amazon-sns', { topicArn: 'arn:aws-cn:sns:cn-north-1:123456789012:a.fifo' }))
  await fine(fit('amazon-sns', { topicArn: 'arn:aws-us-gov:sns:us-gov-west-1:123456789012:a' }))
  await fine(fit('gitlab', { secrets: ['a plain secret token'] }))
})

test('flawOf says what could never verify and what would prove nothing', async () => {
  const table: readonly (readonly [VerifyConfig, string | undefined, RegExp])[] = [
    [fit('gihub'), 'scheme', /no scheme/],
    [{ scheme: 'hmac', secrets: ['x'] }, 'header', /is missing/],
    [fit('hmac', { header: 'X Sig' }), 'header', /no name of a header/],
    [fit('hmac', { idHeader: '' }), 'idHeader', /no name of a header/],
    [fit('hmac', { signed: '{timestamp}', timestampHeader: 'X-Time' }), 'signed', /must hold \{body\}/],
    [fit('hmac', { signed: 'body' }), 'signed', /must hold \{body\}/],
    [fit('hmac', { signed: '{timestamp}.{body}' }), 'timestampHeader', /is missing/],
    [fit('hmac', { signed: '{time}.{body}' }), 'signed', /\{time\}/],
    [fit('hmac', { signed: '{header:}{body}' }), 'signed', /\{header:\}/],
    [fit('hmac', { signed: '{ body }{body}' }), 'signed', /\{ body \}/],
    [fit('hmac', { signed: '{}{body}' }), 'signed', /\{\}/],
    [fit('hmac', { signed: '{1}{body}' }), 'signed', /\{1\}/],
    [fit('hmac', { signed: '{{body}}' }), 'signed', /\{\{body\}/],
    [fit('hmac', { signed: `v0:$${'{body}'}` }), 'signed', /\$\{body\}/],
    [fit('hmac', { timestampHeader: 'X-Time' }), 'timestampHeader', /proves nothing/],
    [fit('hmac', { toleranceSeconds: 30 }), 'toleranceSeconds', /timestampHeader/],
    [fit('hmac', { url: 'https://x.example/' }), 'url', /signed holds \{url\}/],
    [fit('hmac', { signed: '{header:x-sig}{body}' }), 'signed', /cannot sign itself/],
    [
      fit('hmac', { signed: '{timestamp}{body}', timestampHeader: 'x-sig' }),
      'timestampHeader',
      /header of the signature/,
    ],
    [fit('hmac', { prefix: 't={timestamp},v1=' }), 'prefix', /placeholders/],
    [fit('hmac', { prefix: ' v1=' }), 'prefix', /space/],
    [fit('hmac', { prefix: 'v1=\n' }), 'prefix', /printable/],
    ...['/hook', 'hook.example/x', 'ftp://x/y', 'https://', 'https://x/#a'].map(
      (url) => [fit('square', { url }), 'url', /whole address/] as const,
    ),
    [fit('grafana', { toleranceSeconds: 30 }), 'toleranceSeconds', /timestampHeader/],
    [fit('bearer', { prefix: 'Token ' }), 'prefix', /without header/],
    [fit('bearer', { header: 'X-Key', idHeader: 'x-key' }), 'idHeader', /stored/],
    [fit('bearer', { secrets: [' with a space before'], header: 'X-Key' }), undefined, /could not verify/],
    [fit('bearer', { secrets: ['good enough', 'with\na newline'] }), undefined, /could not verify/],
    [fit('basic', { username: 'a:b' }), 'username', /no colon/],
    [fit('basic', { username: 'a\nb' }), 'username', /no control/],
    [{ scheme: 'basic', secrets: ['x'] }, 'username', /is missing/],
    [{ scheme: 'amazon-sns', secrets: [] }, 'topicArn', /is missing/],
    ...['MyTopic', 'arn:aws:sns:cn-north-1:123456789012:t', 'arn:aws-cn:sns:us-west-2:123456789012:t'].map(
      (topicArn) => [fit('amazon-sns', { topicArn }), 'topicArn', /arn:aws:sns/] as const,
    ),
    [fit('basic', { username: '' }), 'username', /colon/],
    [fit('discord', { secrets: ['abc'] }), 'secrets', /public key/],
    [fit('standard-webhooks', { secrets: ['not base64!'] }), 'secrets', /whsec_/],
    [fit('svix', { secrets: [standard, 'not base64!'] }), 'secrets', /whsec_/],
    [fit('svix', { secrets: [standard, 'whsec_AAAAAAAAAAAAAAAAAAAAAB=='] }), 'secrets', /whsec_/],
    [fit('svix', { secrets: ['whsec_AAAA'] }), 'secrets', /16 bytes or more/],
    [fit('gitlab', { secrets: ['whsec_c2VjcmV0'] }), 'secrets', /16 bytes or more/],
    [fit('microsoft-teams', { secrets: ['c2VjcmV0'] }), 'secrets', /security token/],
    [fit('svix', { secrets: ['whpk_AAAABBBBCCCCDDDD'] }), 'secrets', /whsec_/],
    [fit('svix', { secrets: [`whpk_${'A'.repeat(43)}=`] }), 'secrets', /whsec_/],
    [fit('gitlab', { secrets: ['whsec_not base64!'] }), 'secrets', /whsec_/],
    [fit('microsoft-teams', { secrets: ['not base64!'] }), 'secrets', /security token/],
  ]
  for (const [config, option, what] of table) {
    const flaw = await flawOf(config)
    assert.match(flaw?.what ?? '', what)
    assert.equal(flaw?.option, option)
  }
})

const everyOption: Partial<VerifyConfig> = {
  ...{ toleranceSeconds: 30, header: 'X-Sig', prefix: 'v=', encoding: 'hex', algorithm: 'sha512' },
  ...{ signed: '{url}{timestamp}{body}', timestampHeader: 'X-Time', username: 'u', idHeader: 'X-Id' },
  ...{ url: 'https://x.example/', verifyToken: 'x7Kq2mVb9RtYw4Lp' },
  topicArn: 'arn:aws:sns:us-west-2:123456789012:t',
}

test('flawOf: an option that looks like a proof and is not read is named, with those that are', async () => {
  for (const [scheme, read] of [
    ['github', /no option but secret/],
    ['microsoft-graph', /no option but secret/],
    ['stripe', /reads toleranceSeconds$/],
    ['square', /reads url$/],
    ['meta', /reads verifyToken$/],
    ['basic', /reads username, idHeader$/],
    ['cloudevents', /reads header, prefix$/],
  ] as const)
    assert.match((await flawOf(fit(scheme, everyOption)))?.what ?? '', read)
  for (const scheme of schemeNames) {
    const flaw = await flawOf(fit(scheme, everyOption))
    assert.match(flaw?.what ?? '', /means nothing/)
    assert.equal(flaw?.harmless, undefined, scheme)
  }
  for (const option of [
    'algorithm',
    'encoding',
    'signed',
    'header',
    'prefix',
    'username',
    'topicArn',
  ] as const) {
    const flaw = await flawOf(fit('github', { [option]: everyOption[option] }))
    assert.deepEqual([flaw?.option, flaw?.harmless], [option, undefined])
  }
})

test('flawOf: what is only aside of the proof is harmless where it is not read', async () => {
  for (const more of [{ toleranceSeconds: 30 }, { idHeader: 'X-Id' }, { url: 'https://x.example/' }]) {
    const flaw = await flawOf(fit('github', more))
    assert.match(flaw?.what ?? '', /means nothing/)
    assert.equal(flaw?.harmless, true)
  }
  const long = await flawOf(fit('slack', { toleranceSeconds: 86_400 }))
  assert.deepEqual([long?.option, long?.harmless], ['toleranceSeconds', true])
})

test('flawOf: a placeholder in another spelling would be signed as it stands', async () => {
  const foreign = [
    ...[
      '[timestamp].{body}',
      '<timestamp>.{body}',
      '%timestamp%.{body}',
      '$timestamp.{body}',
      ':timestamp.{body}',
    ],
    ...[
      '(timestamp).{body}',
      '#{timestamp}.{body}',
      '@{timestamp}.{body}',
      '%{timestamp}.{body}',
      'timestamp.{body}',
    ],
    ...[
      '{body}.timestamp}',
      '{body}.{timestamp',
      'v0:ts:{body}'.replace('ts', '$ts'),
      '[ts]{body}',
      '{body}[BODY]',
      'URL{body}',
    ],
  ]
  for (const signed of foreign) {
    const flaw = await flawOf(fit('hmac', { signed, timestampHeader: 'X-Time' }))
    assert.deepEqual([flaw?.option, flaw?.harmless], ['signed', undefined], signed)
  }
  for (const signed of [
    'timestamp={timestamp}&body={body}',
    'v0:{timestamp}:{body}',
    'POST /hook\n{timestamp}\n{body}',
    '{"body":{body},"t":"{timestamp}"}',
  ])
    assert.equal(await flawOf(fit('hmac', { signed, timestampHeader: 'X-Time' })), undefined, signed)
})

test('flawOf: headers that every client sends carry no proof, and a signature names no delivery', async () => {
  for (const header of ['Host', 'content-length', 'Content-Type', 'cookie', 'User-Agent'])
    for (const option of ['header', 'timestampHeader', 'idHeader'] as const)
      assert.equal((await flawOf(fit('hmac', { [option]: header })))?.option, option)
  assert.equal((await flawOf(fit('hmac', { idHeader: 'x-sig' })))?.option, 'idHeader')
})

test('flawOf: a token of Meta that can be guessed, and a key of a few bytes, prove nothing', async () => {
  for (const verifyToken of ['x', 'aaaaaaaaaaaaaaaa', 'changemechangeme'])
    assert.match((await flawOf(fit('meta', { verifyToken })))?.what ?? '', /^must .*postern secret/)
  assert.match(
    (await flawOf(fit('microsoft-teams', { secrets: ['AAAAAAAA'] })))?.what ?? '',
    /security token/,
  )
})

test('flawOf: a key under which anybody can sign proves nothing', async () => {
  const keys = [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    `01${'00'.repeat(30)}80`,
    `EC${'ff'.repeat(30)}7f`,
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  ]
  for (const key of keys)
    assert.match((await flawOf(fit('discord', { secrets: [key] })))?.what ?? '', /public key/)
})
