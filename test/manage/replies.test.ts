import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Delivery } from '../../src/domain/delivery.ts'
import type { Code } from '../../src/domain/error.ts'
import { Failure } from '../../src/domain/error.ts'
import type { Draft } from '../../src/domain/ports.ts'
import { type Reply, replyTo } from '../../src/manage/replies.ts'
import { fitOf } from '../../src/payload/response-schema.ts'
import { build, draftOf, noon, sessionCalled } from '../support/drafts.ts'
import { openMemoryStore } from '../support/memory-store.ts'

const self = sessionCalled(build)

/** A store with a turn under way, and a hand that replies to it. */
async function underWay(about: Partial<Draft> = {}) {
  const store = openMemoryStore(() => noon)
  await store.openSession(self, { replace: false })
  const draft = draftOf({ session: build, action: 'turn', lease: { leaseMs: 9 }, ...about })
  const { delivery } = await store.recordDelivery(draft)
  const heard: Delivery[] = []
  const deps = {
    store,
    clock: { now: () => noon + 5 },
    fitOf,
    notify: (each: Delivery) => void heard.push(each),
  }
  const reply = (given: Reply, id: string = delivery.id, as = self) => replyTo(deps, as, id, given)
  const stored = () => store.findDelivery(delivery.id)
  return { delivery, heard, reply, stored, store }
}

async function refused(code: Code, act: Promise<void>): Promise<string> {
  const thrown: unknown = await act.catch((failure: unknown) => failure)
  assert.ok(thrown instanceof Failure)
  assert.equal(thrown.code, code)
  return thrown.message
}

describe('replyTo', () => {
  it('tells who waits, and what is stored stays', async () => {
    const { heard, reply, stored } = await underWay()
    await reply({ text: 'It is green.' })
    assert.deepEqual(heard, [await stored()])
    assert.deepEqual([heard[0]?.answer, heard[0]?.repliedAt], ['It is green.', noon + 5])
    await refused('answered_already', reply({ text: 'It is red.' }))
    assert.equal((await stored())?.answer, 'It is green.')
    assert.equal(heard.length, 1)
  })

  it('takes JSON, null too', async () => {
    for (const json of [{ ok: true }, null, [], 0]) {
      const { reply, stored } = await underWay()
      await reply({ json })
      assert.equal((await stored())?.answer, JSON.stringify(json))
    }
  })

  const schema = { responseSchema: '{"type":"object","required":["verdict"]}' }

  it('says what does not fit, and takes the one after that', async () => {
    const { heard, reply, stored } = await underWay(schema)
    assert.match(await refused('unprocessable', reply({ json: {} })), /at the top: .*"verdict"/)
    assert.match(await refused('unprocessable', reply({ text: 'pass' })), /it is no JSON/)
    assert.deepEqual([(await stored())?.answer, heard], [undefined, []])
    await reply({ text: '```json\n{"verdict":"pass"}\n```' })
    assert.deepEqual([heard[0]?.answer, heard[0]?.responseFits], ['{"verdict":"pass"}', true])
  })

  const wrong: readonly (readonly [string, Code, Reply])[] = [
    ['nothing', 'usage', {}],
    ['both', 'usage', { text: 'a', json: 1 }],
    ['too much', 'too_large', { text: 'ä'.repeat(32_769) }],
  ]
  for (const [title, code, given] of wrong)
    it(`refuses ${title}`, async () => {
      const { heard, reply, stored } = await underWay()
      await refused(code, reply(given))
      assert.deepEqual([(await stored())?.answer, heard], [undefined, []])
    })

  it('answers nothing that an earlier opening of its session got', async () => {
    const { delivery, heard, reply, stored, store } = await underWay()
    await store.acceptDelivery(delivery.id, 1, noon + 1, 'ack')
    const again = { ...self, generation: 'another', openedAt: noon + 4 }
    const why = await refused('forbidden', reply({ text: 'x' }, delivery.id, again))
    assert.match(why, /earlier opening of this session/)
    assert.deepEqual([(await stored())?.answer, heard], [undefined, []])
    // What nobody had taken by then is for the new one; so is all, where the clock was set back meanwhile.
    const waits = await underWay()
    await waits.reply({ text: 'x' }, waits.delivery.id, again)
    const setBack = { ...again, openedAt: noon + 3_600_000 }
    await reply({ text: 'x' }, delivery.id, setBack)
    assert.equal((await stored())?.answer, 'x')
  })

  it('answers for its own session alone', async () => {
    const other = await underWay()
    const { reply } = await underWay({ session: 'default' as Draft['session'] })
    await refused('forbidden', reply({ text: 'x' }))
    await refused('forbidden', reply({ text: 'x' }, other.delivery.id))
    await refused('forbidden', reply({ text: 'x' }, '../../etc'))
  })
})
