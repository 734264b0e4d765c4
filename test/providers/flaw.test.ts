import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VerifyConfig } from '../../src/domain/verify.ts'
import { flawOf } from '../../src/providers/flaw.ts'
import { schemeNames } from '../../src/providers/index.ts'

const standard = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

const fit = (scheme: VerifyConfig['scheme'], more: Partial<VerifyConfig> = {}): VerifyConfig => ({
  scheme,
  secrets: [scheme === 'discord' ? 'ab'.repeat(32) : standard],
  ...(scheme === 'hmac' && { header: 'X-Sig' }),
  ...(scheme === 'basic' && { username: 'u' }),
  ...more,
})

test('flawOf finds nothing wrong with what can verify', () => {
  for (const scheme of schemeNames) assert.equal(flawOf(fit(scheme)), undefined, scheme)
  const signed = '{method}|{url}|{header:X-Nonce}|{timestamp}|{"a":{body}}'
  assert.equal(flawOf(fit('hmac', { signed, timestampHeader: 'X-Time' })), undefined)
  assert.equal(flawOf(fit('svix', { secrets: ['MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] })), undefined)
  assert.equal(
    flawOf(fit('standard-webhooks', { secrets: ['whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4='] })),
    undefined,
  )
})

test('flawOf says why nothing could verify', () => {
  const table: readonly (readonly [VerifyConfig, RegExp])[] = [
    [fit('github', { secrets: [] }), /needs a secret/],
    [fit('github', { secrets: [''] }), /needs a secret/],
    [fit('slack', { toleranceSeconds: 0 }), /more than 0/],
    [fit('slack', { toleranceSeconds: Number.NaN }), /more than 0/],
    [{ scheme: 'hmac', secrets: ['x'] }, /name of the header/],
    [fit('hmac', { header: 'X Sig' }), /no name of a header/],
    [fit('hmac', { signed: '{timestamp}', timestampHeader: 'X-Time' }), /must sign \{body\}/],
    [fit('hmac', { signed: '{timestamp}.{body}' }), /timestampHeader/],
    [fit('hmac', { signed: '{time}.{body}' }), /\{time\}/],
    [fit('hmac', { signed: '{header:}{body}' }), /\{header:\}/],
    [{ scheme: 'basic', secrets: ['x'] }, /username/],
    [fit('discord', { secrets: ['abc'] }), /public key/],
    [fit('standard-webhooks', { secrets: ['not base64!'] }), /whsec_/],
  ]
  for (const [config, flaw] of table) assert.match(flawOf(config) ?? '', flaw)
})
