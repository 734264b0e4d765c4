import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Host, type HostName, hostState, parseHostName } from '../../src/domain/host.ts'
import { parseSessionId, refuseStandingOnHost } from '../../src/domain/session.ts'
import { sessionCalled } from '../support/drafts.ts'

const laptop: Host = { name: 'laptop' as HostName, epoch: 0, tokenHash: '', createdAt: 0 }

const states: readonly (readonly [about: Partial<Host>, now: number, state: string])[] = [
  [{}, 5, 'waiting'],
  [{ aliveUntil: 10, seenAt: 1 }, 9, 'there'],
  [{ aliveUntil: 10, seenAt: 1 }, 10, 'away'],
  [{ aliveUntil: 10, seenAt: 1, revokedAt: 5 }, 9, 'revoked'],
  [{ revokedAt: 5 }, 9, 'revoked'],
]
for (const [about, now, state] of states)
  test(`hostState is ${state} for ${JSON.stringify(about)} at ${now}`, () =>
    assert.equal(hostState({ ...laptop, ...about }, now), state))

test('parseHostName takes what may stand in a URL and on a terminal, and nothing else', () => {
  for (const name of ['laptop', '0', 'a.b_c-d', 'x'.repeat(64)]) assert.equal(parseHostName(name), name)
  for (const name of ['', 'Laptop', '-a', '.a', 'a b', 'a/b', 'ä', 'a\n', 'x'.repeat(65)])
    assert.throws(() => parseHostName(name), { code: 'usage' }, name)
})

test('refuseStandingOnHost names the session and the machine it was meant for', () => {
  const host = parseHostName('laptop')
  for (const id of ['default', 'webhook-agent'].map(parseSessionId)) {
    refuseStandingOnHost(sessionCalled(id))
    assert.throws(() => refuseStandingOnHost(sessionCalled(id, { host })), {
      code: 'usage',
      message: new RegExp(`"${id}" belongs to no machine.*"laptop"`),
    })
  }
  refuseStandingOnHost(sessionCalled(parseSessionId('build'), { host }))
})
