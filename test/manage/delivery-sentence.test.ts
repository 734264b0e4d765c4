import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DeliveryRecord, FailedStep, HeldBecause } from '../../src/domain/delivery.ts'
import { deliverySentence } from '../../src/manage/delivery-sentence.ts'
import { addDelivery, createWorld } from '../cli/fake-io.ts'

type Change = Partial<DeliveryRecord>

const world = createWorld()
const at = world.now
const now = at + 180_000

const sentence = (change: Change): string =>
  deliverySentence(addDelivery(world, { receivedAt: at, ...change }), now)

const accepted: Change = { acceptedAt: at + 240, attempts: 1 }
const answered: Change = {
  ...accepted,
  action: 'turn',
  answer: 'done',
  settledAt: at + 13_000,
  events: [{ at: at + 12_240, kind: 'turn_completed' }],
}
const calledBack: Change = { ...answered, phase: 'callback', callbackUrl: 'https://example.org/' }
const turnFailed: Change = {
  ...accepted,
  action: 'turn',
  failedStep: 'turn',
  detail: 'it ran out of tokens',
  events: [{ at: at + 60_240, kind: 'failed' }],
}

/** Said of each delivery that is neither held nor FAILED. */
const others: Readonly<Record<string, readonly [Change, string]>> = {
  queued: [{ state: 'PENDING' }, 'It has been waiting for 3 min in the queue of build.'],
  'in flight': [{ state: 'PENDING', leasedUntil: now + 1, attempts: 1 }, 'It is being brought to build now.'],
  'in flight again': [
    { state: 'RETRY', leasedUntil: now + 1, attempts: 3 },
    'It is being brought to build now, at attempt 3.',
  ],
  running: [
    { state: 'PENDING', leasedUntil: now + 1, ...accepted },
    'Taken by build 240 ms after it arrived; its turn has been running for 3 min.',
  ],
  'running and blocked': [
    { ...accepted, heldBecause: 'blocked', detail: 'it waits for a login' },
    'Taken by build 240 ms after it arrived; a person is needed at build: it waits for a login.',
  ],
  asking: [
    { ...accepted, events: [{ at: at + 1000, kind: 'asked', detail: 'Bash: rm -r dist' }] },
    'Taken by build 240 ms after it arrived; its turn waits for a person to decide: Bash: rm -r dist.',
  ],
  'asking no more': [
    {
      ...accepted,
      events: [
        { at: at + 1000, kind: 'asked', detail: 'Bash: rm -r dist' },
        { at: at + 1001, kind: 'decided' },
      ],
    },
    'Taken by build 240 ms after it arrived; its turn has been running for 3 min.',
  ],
  input: [{ state: 'DELIVERED', ...accepted }, 'Taken by build 240 ms after it arrived.'],
  'input that was answered': [
    { state: 'DELIVERED', ...accepted, answer: 'ok', repliedAt: at + 2240 },
    'Taken by build 240 ms after it arrived; the agent answered in 2 s.',
  ],
  wake: [
    { state: 'DELIVERED', action: 'wake', ...accepted, attempts: 2 },
    'Taken by build 240 ms after it arrived, at attempt 2.',
  ],
  'taken at an unknown time': [{ state: 'DELIVERED' }, 'Taken by build.'],
  turn: [
    { state: 'DELIVERED', ...answered },
    'Taken by build 240 ms after it arrived; the agent answered in 12 s.',
  ],
  'silent turn': [
    { state: 'DELIVERED', ...accepted, action: 'turn', settledAt: at + 5240, turnEnd: 'inferred' },
    'Taken by build 240 ms after it arrived; its turn ended after 5 s without an answer (as its silence shows).',
  ],
  'called back': [
    { state: 'DELIVERED', ...calledBack },
    'Taken by build 240 ms after it arrived; the agent answered in 12 s, and its callback URL was told.',
  ],
  'calling back': [
    { state: 'PENDING', ...calledBack },
    'Taken by build 240 ms after it arrived; the agent answered in 12 s. Its callback URL is being told.',
  ],
  'calling back again': [
    {
      ...{ state: 'RETRY', ...calledBack, failures: 2, dueAt: now + 12_000 },
      events: [...(calledBack.events ?? []), { at: now, kind: 'callback', detail: 'it answered 503' }],
    },
    'Taken by build 240 ms after it arrived; the agent answered in 12 s. Its callback URL could not be told 2 times: it answered 503; it is tried again in 12 s.',
  ],
  'calling back of a failed turn': [
    { state: 'PENDING', ...turnFailed, phase: 'callback', callbackUrl: 'https://example.org/' },
    'Taken by build 240 ms after it arrived, but its turn failed after 1 min: it ran out of tokens. Its callback URL is being told.',
  ],
}

const heldSentences: Readonly<Record<HeldBecause, readonly [Change, string]>> = {
  busy: [{ detail: 'a turn runs' }, 'because build is busy: a turn runs. It goes on when build is idle.'],
  blocked: [
    { detail: 'somebody has begun to type' },
    'because a person is needed at build: somebody has begun to type. It goes on once that is done.',
  ],
  offline: [
    { detail: 'there is no program claude' },
    'because build cannot be reached: there is no program claude. It goes on when that is possible again.',
  ],
  released: [
    { detail: 'let go before it was typed' },
    'because its last attempt was let go before anything reached the agent: let go before it was typed. It goes on by itself.',
  ],
  failed: [
    { state: 'RETRY', failures: 1, detail: 'Enter had no effect', dueAt: now + 12_000 },
    'because an attempt failed: Enter had no effect. It is tried again in 12 s.',
  ],
  inbox: [{}, ' in the inbox of build. It stays there until somebody fetches and acknowledges it.'],
  paused: [
    { detail: 'the session is paused; it waits until it is resumed' },
    'because the session is paused. It goes on when that is resumed.',
  ],
  session_ended: [
    { detail: 'the session has ended (exit code 1); it waits until that id is opened' },
    'because the session has ended (exit code 1). It goes on when build is opened.',
  ],
  session_missing: [{}, 'because there is no such session yet. It goes on when build is opened.'],
}

const failedSentences: Readonly<Record<FailedStep, readonly [Change, string]>> = {
  template: [
    { detail: 'line 1 is not closed' },
    'Not delivered, because the template of the hook and this payload do not fit together: line 1 is not closed.',
  ],
  skill: [
    { detail: 'it has no skill "review"' },
    'Not delivered, because its agent cannot activate the skill: it has no skill "review".',
  ],
  session_ended: [
    { detail: 'the session ended with exit code 1' },
    'Not delivered: the session ended with exit code 1.',
  ],
  turn: [{ detail: 'no threadId is set' }, 'Not delivered: no threadId is set.'],
  callback: [
    { ...calledBack, detail: 'callback: it answered 404' },
    'Taken by build 240 ms after it arrived; the agent answered in 12 s, but its callback URL could not be told: it answered 404.',
  ],
  expired: [
    { detail: 'waited too long: a turn runs', settledAt: at + 86_400_000 },
    'Not delivered: it waited for 1 d, longer than it may: a turn runs.',
  ],
  attempts: [
    { detail: 'gave up after 8 attempts: Enter had no effect', failures: 8 },
    'Not delivered: every attempt failed, 8 of them; the last: Enter had no effect.',
  ],
  revoked: [
    { detail: 'its grant was revoked before it could be delivered' },
    'Not delivered, because its grant was revoked before.',
  ],
  restored: [{}, 'Perhaps not delivered: it was unfinished in a backup that was put back.'],
  cancelled: [{ detail: 'by hand, before it was delivered' }, 'Cancelled by hand before it was delivered.'],
}

describe('deliverySentence', () => {
  for (const [what, [change, said]] of Object.entries(others))
    it(`of one ${what}`, () => assert.equal(sentence(change), said))

  for (const [heldBecause, [change, said]] of Object.entries(heldSentences))
    it(`of one held because ${heldBecause}`, () => {
      const held = sentence({ heldBecause: heldBecause as HeldBecause, ...change })
      assert.equal(held, `It has been waiting for 3 min${said.startsWith(' ') ? '' : ', '}${said}`)
    })

  for (const [failedStep, [change, said]] of Object.entries(failedSentences))
    it(`of one failed at ${failedStep}`, () =>
      assert.equal(sentence({ state: 'FAILED', failedStep: failedStep as FailedStep, ...change }), said))

  it('says of a turn that failed how long it ran, and of its callback that it failed as well', () => {
    const failed = { ...turnFailed, state: 'FAILED' as const }
    const said =
      'Taken by build 240 ms after it arrived, but its turn failed after 1 min: it ran out of tokens.'
    assert.equal(sentence(failed), said)
    const untold = {
      ...failed,
      phase: 'callback' as const,
      detail: `${failed.detail}; callback: it answered 404`,
    }
    assert.equal(sentence(untold), `${said} Its callback URL could not be told either.`)
  })

  it('stays on one line, whatever a cause says', () =>
    assert.equal(
      sentence({ state: 'FAILED', failedStep: 'turn', detail: 'no\n\x1b[31mway!' }),
      'Not delivered: no [31mway!',
    ))

  it('says so where no cause is known', () => {
    assert.equal(sentence({ state: 'FAILED' }), 'Not delivered.')
    assert.match(sentence({ state: 'FAILED', failedStep: 'session_ended' }), /: its session ended\.$/)
    assert.match(sentence({ state: 'FAILED', failedStep: 'attempts' }), /the last for an unknown reason\.$/)
  })
})
