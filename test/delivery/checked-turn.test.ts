import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkedTurn } from '../../src/delivery/checked-turn.ts'
import type { Delivery, DeliveryEvent } from '../../src/domain/delivery.ts'
import type { Outgoing } from '../../src/domain/driver.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { textFor } from '../../src/domain/reply.ts'
import { fitOf } from '../../src/payload/response-schema.ts'
import { draftOf, newId } from '../support/drafts.ts'
import { openMemoryStore } from '../support/memory-store.ts'

const responseSchema = '{"type":"integer"}'

async function deliveryWith(about: Partial<Delivery> = {}): Promise<Delivery> {
  const { delivery } = await openMemoryStore(() => 0).recordDelivery(
    draftOf({ action: 'turn', responseSchema }),
  )
  return { ...delivery, ...about }
}

/** How a turn ends of an agent that says these things one after the other, what it was told, and the timeline. */
async function ended(about: Partial<Delivery>, outcomes: readonly Outcome[], repliesAfter = 99) {
  const delivery = await deliveryWith(about)
  const told: Outgoing[] = []
  const events: Omit<DeliveryEvent, 'at'>[] = []
  const [first, ...later] = outcomes
  assert.ok(first)
  const outcome = await checkedTurn(
    {
      delivery,
      fitOf,
      isReplied: async () => told.length >= repliesAfter,
      turn: async (message) => {
        told.push(message)
        const next = later.shift()
        assert.ok(next, 'asked too often')
        return next
      },
      note: (event) => events.push(event),
      signal: AbortSignal.any([]),
    },
    first,
  )
  return { delivery, outcome, told, events }
}

const says = (answer?: string): Outcome => ({ kind: 'completed', ...(answer !== undefined && { answer }) })

describe('checkedTurn', () => {
  it('makes the JSON alone the answer', async () => {
    const { outcome, told, events } = await ended({}, [says('It is\n```json\n42\n```')])
    assert.deepEqual([outcome, told, events], [says('42'), [], []])
  })

  it('asks again in the same delivery, saying what is wrong', async () => {
    const { delivery, outcome, told, events } = await ended({}, [says('four'), says('"4"'), says('4')])
    assert.deepEqual(outcome, says('4'))
    assert.deepEqual(
      told.map(({ deliveryId }) => deliveryId),
      [`${delivery.id}.1`, `${delivery.id}.2`],
    )
    assert.match(told[0]?.text ?? '', /does not fit .*: it is no JSON\. Answer once more/)
    assert.match(told[1]?.text ?? '', /at the top: it is of type string, not "integer"/)
    assert.deepEqual(events[0], { kind: 'answered', detail: 'does not fit: it is no JSON' })
    assert.equal(events.length, 2)
  })

  it('fails after two corrections, and keeps the last answer', async () => {
    const { outcome, told } = await ended({}, [says('a'), says(), says('4.5')])
    assert.equal(told.length, 2)
    assert.match(told[1]?.text ?? '', /there is no answer/)
    assert.deepEqual(outcome, {
      kind: 'turn_failed',
      why: 'misfit',
      detail: 'the answer does not fit its schema: at the top: it is of type number, not "integer"',
      answer: '4.5',
    })
  })

  const cut: readonly (readonly [string, Outcome, RegExp])[] = [
    ['fails', { kind: 'turn_failed', why: 'timeout', detail: 'too slow' }, /asked again: too slow/],
    ['is not taken', { kind: 'failed', why: 'refused', retry: true }, /asked again: refused/],
    ['finds nobody', { kind: 'offline', why: 'gone for now' }, /asked again: gone for now/],
    ['is let go', { kind: 'released', why: 'the server is stopping' }, /asked again: the server is stopping/],
  ]
  for (const [title, outcome, detail] of cut)
    it(`begins no new attempt when a correction ${title}`, async () => {
      const { outcome: end } = await ended({}, [says('four'), outcome])
      assert.ok(end.kind === 'turn_failed')
      assert.match(end.detail, detail)
      assert.equal(end.answer, 'four')
    })

  it('passes on that the agent has ended', async () => {
    assert.deepEqual((await ended({}, [says('four'), { kind: 'ended', exitCode: 1 }])).outcome, {
      kind: 'ended',
      exitCode: 1,
    })
  })

  it('waits while somebody is in the way', async () => {
    const busy: Outcome = { kind: 'busy', why: 'a person types', retryAfterMs: 0 }
    assert.deepEqual((await ended({}, [says('four'), busy, busy, says('4')])).outcome, says('4'))
  })

  it('asks nobody who has replied', async () => {
    const { outcome, told } = await ended({}, [says('I replied.')], 0)
    assert.deepEqual([outcome, told], [says('I replied.'), []])
  })

  it('lets every other end and every other message be', async () => {
    const failed: Outcome = { kind: 'turn_failed', why: 'refusal', detail: 'no' }
    assert.deepEqual((await ended({}, [failed])).outcome, failed)
    assert.deepEqual((await ended({ action: 'input' }, [says('x')])).outcome, says('x'))
  })
})

describe('textFor', () => {
  it('tells the agent what its answer must look like', async () => {
    const id = newId()
    const text = textFor(await deliveryWith({ id, message: 'Count them.' }))
    assert.ok(text.startsWith('Count them.\n\n[postern] Answer with JSON'))
    assert.ok(text.includes(`\n${responseSchema}\n`) && text.includes(id))
  })
})
