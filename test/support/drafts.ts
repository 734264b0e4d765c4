import { type DeliveryId, deliveryIdBytes, deliveryIdOf } from '../../src/domain/delivery.ts'
import type { Grant, GrantId } from '../../src/domain/grant.ts'
import type { Draft } from '../../src/domain/ports.ts'
import type { Session, SessionId } from '../../src/domain/session.ts'

export const noon = Date.parse('2026-11-22T12:00:00.000Z')
export const build = 'build' as SessionId
export const inbox = 'default' as SessionId
export const ci = '9f3c1a2b7d4e5f60' as GrantId

export const newId = (at = noon): DeliveryId =>
  deliveryIdOf(at, 1, crypto.getRandomValues(new Uint8Array(deliveryIdBytes)))

/** A message of the operator's own, unless `about` changes it. */
export const draftOf = (about: Partial<Draft> = {}): Draft => ({
  session: inbox,
  source: { kind: 'admin' },
  action: 'input',
  message: 'hello',
  headers: {},
  receivedAt: noon,
  expiresAt: noon + 86_400_000,
  queueLimit: 0,
  ...about,
})

export const sessionCalled = (id: SessionId, about: Partial<Session> = {}): Session => ({
  id,
  generation: 'g1',
  driver: 'command',
  settings: { command: ['cat'] },
  state: 'live',
  openedAt: noon,
  ...about,
})

/** At the inbox unless `about` says otherwise. */
export const grantOf = (about: Partial<Grant> = {}): Grant =>
  ({ id: ci, session: inbox, verb: 'send_input', createdAt: noon, uses: 0, ...about }) as Grant

/** What came with an idempotency key. */
export const keyed = (key: string, about: Partial<Draft> = {}): Draft =>
  draftOf({ idempotency: { key, fingerprint: about.message ?? 'hello', windowMs: 1000 }, ...about })
