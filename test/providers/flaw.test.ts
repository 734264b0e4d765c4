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
  await fine(fit('gitlab', { secrets: ['a plain secret token'] }))
})

test('flawOf says what could never verify and what would prove nothing', async () => {
  const table: readonly (readonly [VerifyConfig, string | undefined, RegExp])[] = [
    [fit('gihub'), 'scheme', /no scheme/],
    [{ scheme: 'hmac', secrets: ['x'] }, 'header', /is missing/],
    [fit('hmac', { header: 'X Sig' }), 'header', /no name of a header/],
    [fit('hmac', { idHeader: '' }), 'idHeader', /no name of a header/],
    [fit('hmac', { signed: '{timestamp}', timestampHeader: 'X-Time' }), undefined, /must sign \{body\}/],
    [fit('hmac', { signed: 'body' }), undefined, /must sign \{body\}/],
    [fit('hmac', { signed: '{timestamp}.{body}' }), undefined, /timestampHeader/],
    [fit('hmac', { signed: '{time}.{body}' }), undefined, /\{time\}/],
    [fit('hmac', { signed: '{header:}{body}' }), undefined, /\{header:\}/],
    [fit('hmac', { signed: '{ body }{body}' }), undefined, /\{ body \}/],
    [fit('hmac', { signed: '{}{body}' }), undefined, /\{\}/],
    [{ scheme: 'basic', secrets: ['x'] }, 'username', /is missing/],
    [{ scheme: 'amazon-sns', secrets: [] }, 'topicArn', /is missing/],
    [fit('amazon-sns', { topicArn: 'MyTopic' }), undefined, /arn:aws:sns/],
    [fit('basic', { username: '' }), undefined, /could not verify/],
    [fit('discord', { secrets: ['abc'] }), 'secrets', /public key/],
    [fit('standard-webhooks', { secrets: ['not base64!'] }), 'secrets', /whsec_/],
    [fit('svix', { secrets: [standard, 'not base64!'] }), 'secrets', /whsec_/],
    [fit('gitlab', { secrets: ['whsec_not base64!'] }), 'secrets', /whsec_/],
    [fit('microsoft-teams', { secrets: ['not base64!'] }), 'secrets', /security token/],
  ]
  for (const [config, option, what] of table) {
    const flaw = await flawOf(config)
    assert.match(flaw?.what ?? '', what)
    assert.equal(flaw?.option, option)
  }
})
