import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hook } from '../../src/domain/hook.ts'
import type { HandshakeAnswer } from '../../src/domain/knock.ts'
import type { VerifyConfig } from '../../src/domain/verify.ts'
import { createHookRenderer, readPayload } from '../../src/inbound/webhook-message.ts'
import { flawOf } from '../../src/providers/flaw.ts'
import { schemeForPreset, senders } from '../../src/providers/index.ts'
import { offline } from '../../src/providers/network.ts'
import { prove, proveByUrl } from '../../src/providers/prove.ts'
import type { SignedRequest } from '../../src/providers/request.ts'
import type { Sample, Scheme, Sender } from '../../src/providers/sender.ts'
import { sampleBytes, signedSample } from '../../src/providers/signed-sample.ts'

const now = 1_700_000_000_000
const url = 'https://postern.example/api/hooks/sample'
const secret = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const another = 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldY'

/** Where the secret that fits most senders would choose a weaker proof. */
const ownSpelling: Readonly<Record<string, string>> = { gitlab: 'whsec_' }

/** Why a sender cannot have the cases that need a signature of ours; other tests of this folder have them. */
const cannotSign: Readonly<Record<string, string>> = {
  discord: 'only Discord has the private key',
  'amazon-sns': 'only Amazon has the private key',
  'microsoft-graph': 'the proof stands in the body',
}

interface Shaken {
  readonly method?: string
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
  readonly config?: Partial<VerifyConfig>
  readonly answer: Partial<HandshakeAnswer>
}

/** One handshake of each sender that has one, and what answers it. */
const handshakes: Readonly<Record<string, Shaken>> = {
  github: { headers: { 'x-github-event': 'ping' }, answer: { body: '{"status":"pong"}' } },
  slack: { body: { type: 'url_verification', challenge: 'abc' }, answer: { body: 'abc' } },
  discord: { body: { type: 1 }, answer: { body: '{"type":1}' } },
  zoom: {
    body: { event: 'endpoint.url_validation', payload: { plainToken: 'abc' } },
    answer: { status: 200 },
  },
  twitch: {
    headers: { 'twitch-eventsub-message-type': 'webhook_callback_verification' },
    body: { challenge: 'abc' },
    answer: { body: 'abc' },
  },
  meta: {
    method: 'GET',
    query: `?hub.mode=subscribe&hub.verify_token=${secret}&hub.challenge=abc`,
    answer: { body: 'abc' },
  },
  dropbox: { method: 'GET', query: '?challenge=abc', answer: { body: 'abc' } },
  'microsoft-graph': { query: '?validationToken=abc', answer: { body: 'abc' } },
  'azure-event-grid': {
    headers: { 'aeg-event-type': 'SubscriptionValidation' },
    body: [{ id: '1', data: { validationCode: 'abc' } }],
    answer: { body: '{"validationResponse":"abc"}' },
  },
  'amazon-sns': { body: { Type: 'UnsubscribeConfirmation' }, answer: { status: 200 } },
  cloudevents: {
    method: 'OPTIONS',
    headers: { 'webhook-request-origin': 'eventemitter.example.com' },
    answer: { status: 200 },
  },
}

const configOf = (name: string, { sample }: Sender, own = secret): VerifyConfig => ({
  scheme: name,
  ...sample.verify,
  secrets: [(ownSpelling[name] ?? '') + own],
})

const withHeader = (request: SignedRequest, changed: string, value: string | undefined): SignedRequest => ({
  ...request,
  header: (name) => (name === changed ? value : request.header(name)),
})

async function isVerified(config: VerifyConfig, request: SignedRequest): Promise<boolean> {
  return (await proofOf(config, request)).kind === 'verified'
}

async function proofOf(config: VerifyConfig, request: SignedRequest) {
  return prove(config, request, async () => request.rawBody, offline)
}

/** A case that a sender cannot have; `scripts/test/skips.ts` names them all. */
function unable(title: string, reason: string): void {
  test(`${title} [${reason}]`, { skip: true }, () => {})
}

/** The cases of a sender whose proof can be made here. */
function signedCases(name: string, sender: Sender, scheme: Scheme): void {
  const config = configOf(name, sender)
  const request = signedSample(scheme, sender.sample, config, now)
  if (!request) {
    unable(`${name}: signs its sample`, cannotSign[name] ?? assert.fail(`${name} signs nothing`))
    return
  }

  test(`${name}: verifies its signed sample, under any of its secrets`, async () => {
    assert.equal(await flawOf(config), undefined)
    assert.ok(await isVerified(config, request))
    assert.ok(await isVerified({ ...config, secrets: [another, ...config.secrets] }, request))
  })

  test(`${name}: names its delivery by the same id where the address is the proof`, async () => {
    const proof = await proofOf(config, request)
    assert.ok(proof.kind === 'verified')
    const elsewhere = configOf(name, sender, another)
    const byUrl = await proveByUrl(elsewhere, request, async () => request.rawBody, offline)
    assert.ok(byUrl.kind === 'verified')
    assert.equal(byUrl.verified.deliveryId, proof.verified.deliveryId)
  })

  const changed = `${name}: refuses a changed byte of the body`
  if (scheme.secretIn) unable(changed, 'a secret that is shown proves no body')
  else
    test(changed, async () => {
      for (const at of [0, request.rawBody.length >> 1, request.rawBody.length - 1]) {
        const rawBody = request.rawBody.map((byte, index) => (index === at ? byte ^ 1 : byte))
        assert.ok(!(await isVerified(config, { ...request, rawBody })), `byte ${at}`)
      }
    })

  test(`${name}: refuses other secrets, empty ones and none`, async () => {
    for (const secrets of [configOf(name, sender, another).secrets, [''], []])
      assert.ok(!(await isVerified({ ...config, secrets }, request)), JSON.stringify(secrets))
  })

  test(`${name}: refuses a header of the proof that is missing, or doubled and no list`, async () => {
    for (const header of Object.keys(scheme.sign?.(config, request) ?? {})) {
      const value = request.header(header.toLowerCase())
      const isWith = (other: string | undefined): Promise<boolean> =>
        isVerified(config, withHeader(request, header.toLowerCase(), other))
      for (const bad of [undefined, '']) assert.ok(!(await isWith(bad)), header)
      assert.equal(await isWith(`${value}, ${value}`), /^v1a?[,=]/.test(value ?? ''), header)
    }
  })

  test(`${name}: tells the operator why it refuses, and nothing of what was sent`, async () => {
    const proof = Object.entries(scheme.sign?.(config, request) ?? {})
    const why = async (asked: SignedRequest, other: VerifyConfig = config) => {
      const refused = await proofOf(other, asked)
      assert.ok(refused.kind === 'unproven')
      for (const [, value] of proof) assert.ok(!refused.why.includes(value), refused.why)
      return refused
    }
    for (const [header] of proof) {
      const missing = await why(withHeader(request, header.toLowerCase(), undefined))
      assert.deepEqual(
        [missing.why.toLowerCase(), missing.guess],
        [`header ${header} missing`.toLowerCase(), undefined],
      )
    }
    const isTimed = async () => !(await isVerified(config, { ...request, now: now + 1e9 }))
    const guessed = await why(request, configOf(name, sender, another))
    assert.match(guessed.why, /does not match|is wrong/)
    assert.equal(guessed.guess, true)
    if (scheme.toleranceSeconds === undefined || !(await isTimed())) return
    const late = await why({ ...request, now: now + (scheme.toleranceSeconds + 100) * 1000 })
    assert.equal(late.why, `timestamp is ${scheme.toleranceSeconds + 100} s old`)
  })

  const tolerance = scheme.toleranceSeconds
  if (tolerance !== undefined)
    test(`${name}: refuses a time too old or ahead`, async () => {
      const timed = { ...config, ...(name === 'grafana' && { timestampHeader: 'x-time' }) }
      const at = signedSample(scheme, sender.sample, timed, now) ?? assert.fail()
      for (const off of [-tolerance, tolerance])
        assert.ok(await isVerified(timed, { ...at, now: now + off * 1000 }), `${off}`)
      for (const off of [-tolerance - 1, tolerance + 1])
        assert.ok(!(await isVerified(timed, { ...at, now: now + off * 1000 })), `${off}`)
    })
}

function handshakeCase(name: string, sender: Sender, scheme: Scheme): void {
  const shaken = handshakes[name] ?? assert.fail(`${name} has no handshake to try`)
  const title = `${name}: answers its handshake, and no stranger’s`
  const reason = scheme.handshake && cannotSign[name]
  if (reason !== undefined) {
    unable(title, reason)
    return
  }
  test(title, async () => {
    const { method = 'POST', query = '', headers = {}, body = {} } = shaken
    const config = { ...configOf(name, sender), ...shaken.config }
    const sample = { body, headers: { ...sender.sample.headers, ...headers } }
    const request = {
      ...(signedSample(scheme, sample, config, now) ?? unsigned(sample)),
      ...{ method, url: url + query },
    }
    const proof = await proofOf(config, request)
    assert.ok(proof.kind === 'handshake', proof.kind)
    assert.deepEqual({ ...proof.answer, ...shaken.answer }, proof.answer)
    if (scheme.handshake)
      assert.equal((await proofOf({ ...config, secrets: [another] }, request)).kind, 'unproven')
  })
}

const unsigned = ({ body, headers }: Sample): SignedRequest => ({
  ...{ method: 'POST', url, now },
  rawBody: sampleBytes({ body, headers }),
  header: (name) => headers[name],
})

function presetCase(name: string, { sample }: Sender): void {
  test(`${name}: makes a message of its sample`, async () => {
    const hook: Hook = {
      ...{ name: 'h', path: '/api/hooks/h', preset: name, active: true, action: 'agent', fence: false },
      ...{ maxBodyBytes: 1024, verify: { scheme: schemeForPreset(name), secrets: [] } },
    }
    const { rawBody, header } = unsigned(sample)
    const payload = await readPayload(hook, rawBody, header)
    const rendering = createHookRenderer(hook)({ payload, header })
    assert.equal(rendering.kind, 'text')
  })
}

for (const [name, sender] of senders) {
  const { scheme, preset } = sender
  if (scheme) signedCases(name, sender, scheme)
  if (scheme?.handshake || scheme?.openHandshake) handshakeCase(name, sender, scheme)
  if (preset) presetCase(name, sender)
}

test('linear: 25 MB with a wrong signature are not looked into', async () => {
  const body = Buffer.alloc(25_000_000, '[')
  const header = (name: string) => (name === 'linear-signature' ? '0'.repeat(64) : undefined)
  const config = { scheme: 'linear', secrets: [secret] }
  let turns = 0
  let proving = true
  const take = () => {
    turns++
    if (proving) setImmediate(take)
  }
  take()
  const proof = await prove(config, { method: 'POST', url, header, now }, async () => body, offline)
  proving = false
  assert.equal(proof.kind, 'unproven')
  // Both looks at the signature give a turn for every half megabyte; whoever reads the body gives more.
  assert.ok(turns < 100, `${turns}`)
})
