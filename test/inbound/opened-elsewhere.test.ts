import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limitsDefaults } from '../../src/config/defaults.ts'
import { Failure } from '../../src/domain/error.ts'
import type { Claims, Grant, GrantId } from '../../src/domain/grant.ts'
import type { Hook } from '../../src/domain/hook.ts'
import type { Proof } from '../../src/domain/knock.ts'
import type { Session, SessionId } from '../../src/domain/session.ts'
import { sourcesOf } from '../../src/inbound/authenticate.ts'
import type { InboundConfig } from '../../src/inbound/config.ts'
import { createLimiter } from '../../src/inbound/rate-limiter.ts'
import { receive } from '../../src/inbound/receive.ts'
import { createHookRenderers } from '../../src/inbound/webhook-message.ts'
import { expose } from '../../src/manage/grants.ts'
import { sessionOfAgent } from '../../src/manage/self.ts'
import { requireFree } from '../../src/manage/sessions.ts'
import { offline } from '../../src/providers/network.ts'
import { sessionCalled } from '../support/drafts.ts'
import { createMemoryState, openMemoryStore } from '../support/memory-store.ts'

// Another door of the store has just opened or ended a session, and this one knows it as it was before.

const now = 1_700_000_000_000
const id = 'build' as SessionId
const secret = 'the-shared-secret-of-hooks'
const opening = (generation: string, state: Session['state'] = 'live') =>
  sessionCalled(id, { driver: 'inbox', generation, state })
const claims: Claims = { grant: '00000000000000aa' as GrantId, session: id, verb: 'send_input' }

const skilled: Hook = {
  ...{ name: 'skilled', path: '/api/hooks/skilled', active: true, action: 'agent', fence: false },
  ...{ template: '{{text}}', verify: { scheme: 'bearer', secrets: [secret] }, maxBodyBytes: 1000 },
  ...{ skill: 'review', session: id },
}
const config: InboundConfig = {
  webhooks: { enabled: true, secrets: [], hooks: [skilled] },
  sessions: { wake: 'default', agent: 'webhook-agent', allow: [] },
  limits: limitsDefaults,
  retry: { maxHoldSeconds: 60 },
}

/** A door that knows `known` where `stands` is stored. */
function door(known: Session, stands: Session, over: Partial<Grant> = {}, mintedFor: Partial<Claims> = {}) {
  const state = createMemoryState()
  const minted = { ...claims, ...mintedFor } as Claims
  const grant = { ...minted, id: claims.grant, label: 'test', createdAt: 0, uses: 0, ...over } as Grant
  state.grants.set(claims.grant, grant)
  state.sessions.set(id, stands)
  const reads: string[] = []
  const memory = openMemoryStore(() => now, state)
  const store: typeof memory = {
    ...memory,
    findSession: async (_, how) => {
      reads.push(how ?? 'known')
      return how === 'anew' ? stands : known
    },
  }
  const tokens = { read: async () => minted, readCached: () => undefined, mint: async () => 'token' }
  const limiter = () => createLimiter({ doors: () => 1, perMinute: () => 0 })
  const knock = async (proof: Proof, body = '{"message":"hi","text":"hi"}') => {
    const receipt = await receive(
      {
        ...{ store, tokens, config: () => config, leaseMs: 1000, knocks: limiter(), failures: limiter() },
        ...{ rendererOf: createHookRenderers(), nonce: () => '00', mayCall: () => true, network: offline },
        skills: async ({ generation }) => (generation === 'new' ? ['review'] : ['absent']),
        ...{ pushes: () => false, draining: () => false, wakeHost: () => {} },
        ...{ start: () => assert.fail('nothing was leased'), wait: async (delivery) => delivery },
      },
      {
        ...{ proof, receivedAt: now, peer: () => '192.0.2.1', keptHeaders: () => ({}) },
        header: (name) => ({ 'content-type': 'application/json', authorization: `Bearer ${secret}` })[name],
        body: async () => Buffer.from(body),
      },
      { waitMs: 0, signal: () => new AbortController().signal },
    )
    return receipt.kind === 'stored' ? receipt.delivery : assert.fail(receipt.kind)
  }
  return { store, tokens, reads, knock }
}

const url: Proof = {
  kind: 'token',
  path: 'good',
  bearer: undefined,
  method: 'POST',
  url: 'http://x/hook/good',
}
const hook: Proof = { kind: 'hook', path: skilled.path, method: 'POST', url: `http://x${skilled.path}` }
const refused = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code

describe('a session that another door has just opened anew', () => {
  const [before, after] = [opening('old', 'ended'), opening('new')]

  it('takes what comes by its URL', async () => {
    const { knock, reads } = door(before, after)
    assert.equal((await knock(url)).session, id)
    assert.deepEqual(reads, ['known', 'anew'])
  })

  it('takes what comes by a URL for that opening', async () => {
    const { knock, reads } = door(opening('old'), after, { generation: 'new' })
    assert.equal((await knock(url)).session, id)
    assert.deepEqual(reads, ['known', 'anew'])
  })

  it('is asked for a skill that the agent before it had not', async () => {
    assert.equal((await door(opening('old'), after).knock(hook)).state, 'PENDING')
    assert.equal((await door(opening('old'), opening('old')).knock(hook)).state, 'FAILED')
  })

  it('gets URLs minted', async () => {
    const { store, tokens, reads } = door(before, after)
    const clock = { now: () => now, bytes: (length: number) => new Uint8Array(length) }
    const rest = { defaultTtlSeconds: 60, hooks: () => [], answers: async () => true }
    await expose({ store, tokens, clock, ...rest }, { session: id })
    assert.deepEqual(reads, ['known', 'anew'])
  })

  it('knows its agent', async () => {
    const own = { generation: 'new', verb: 'mint_own' } as const
    const { store, tokens } = door(opening('old'), after, own, own)
    const found = await sessionOfAgent({ store, tokens, clock: { now: () => now } }, 'token')
    assert.equal(found.generation, 'new')
  })
})

describe('a session that another door has just ended', () => {
  const [before, after] = [opening('old'), opening('old', 'ended')]

  it('is free to be opened', async () => {
    await requireFree(door(before, after).store, id, false)
    await assert.rejects(requireFree(door(before, before).store, id, false), refused('session_exists'))
  })

  it('takes nothing by its URL: who stores it judges once more', async () => {
    const { knock, reads } = door(before, after)
    await assert.rejects(knock(url), refused('session_ended'))
    assert.deepEqual(reads, ['known'])
  })

  it('is read anew once where it was known to be over', async () => {
    const { knock, reads } = door(after, after)
    await assert.rejects(knock(url), refused('session_ended'))
    assert.deepEqual(reads, ['known', 'anew'])
  })
})

it('a session that is known to be open is read once', async () => {
  const { knock, reads } = door(opening('old'), opening('old'))
  await knock(url)
  assert.deepEqual(reads, ['known'])
})

it('the deliveries of a URL that another door has just rotated are told to who has the new one', async () => {
  const { store, tokens } = door(opening('old'), opening('old'), { serial: 1 }, { serial: 1 })
  const stale: typeof store = {
    ...store,
    findGrant: async (grant, how) => {
      const found = await store.findGrant(grant)
      return found && how !== 'anew' ? { ...found, serial: 0 } : found
    },
  }
  const sources = await sourcesOf({ store: stale, tokens, config: () => config }, 'good', now)
  assert.deepEqual(sources, [{ kind: 'grant', grant: claims.grant }])
})
