import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import type { VerifyConfig } from '../../src/domain/verify.ts'
import { senders } from '../../src/providers/index.ts'
import { offline } from '../../src/providers/network.ts'
import { prove } from '../../src/providers/prove.ts'
import type { SignedRequest } from '../../src/providers/request.ts'
import { signedSample } from '../../src/providers/signed-sample.ts'

const now = 1_700_000_000_000
const event = { id: 'evt_1', webhookTimestamp: now, text: 'abc '.repeat(300_000) }

const proofOf = async (config: VerifyConfig, request: SignedRequest, rawBody = request.rawBody) =>
  (await prove(config, request, async () => rawBody, offline)).kind

const forged = Buffer.from(JSON.stringify({ ...event, text: event.text.replace('abc', 'abd') }))

const keys = [`whsec_${btoa('a key of a sender')}`, btoa('a key of a sender')]

/** Signatures over the body alone, of any length; Twilio signs the fields of short forms. */
const signing = [...senders].filter(([name, { scheme }]) => scheme && !scheme.secretIn && name !== 'twilio')

for (const [name, { scheme, sample }] of signing) {
  const secret = keys.find((key) => scheme?.key?.fits(key) ?? true)
  if (!scheme || secret === undefined) continue
  const config = { scheme: name, secrets: [secret], ...sample.verify }
  const signed = signedSample(scheme, { ...sample, body: event }, config, now)
  if (!signed) continue
  test(`${name}: a signature over more than a megabyte holds, and for no other body`, async () => {
    assert.equal(await proofOf(config, signed), 'verified')
    assert.equal(await proofOf(config, signed, forged), 'unproven')
  })
}

test('discord: a signature over more than a megabyte holds, and for no other body', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const key = Buffer.from(String(publicKey.export({ format: 'jwk' }).x), 'base64url').toString('hex')
  const rawBody = Buffer.from(JSON.stringify(event))
  const time = String(now / 1000)
  const signature = sign(null, Buffer.concat([Buffer.from(time), rawBody]), privateKey).toString('hex')
  const headers: Readonly<Record<string, string>> = {
    'x-signature-timestamp': time,
    'x-signature-ed25519': signature,
  }
  const header = (name: string) => headers[name]
  const signed = { method: 'POST', url: 'https://postern.example/api/hooks/x', now, header, rawBody }
  const config = { scheme: 'discord', secrets: [key] }
  assert.equal(await proofOf(config, signed), 'verified')
  assert.equal(await proofOf(config, signed, forged), 'unproven')
})
