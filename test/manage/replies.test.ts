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
  const reply = (given: Reply, id: string = delivery.id) => replyTo(deps, self, id, given)
  const stored = () => store.findDelivery(delivery.id)
  return { delivery, heard, reply, stored }
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

  it('answers for its own session alone', async () => {
    const other = await underWay()
    const { reply } = await underWay({ session: 'default' as Draft['session'] })
    await refused('forbidden', reply({ text: 'x' }))
    await refused('forbidden', reply({ text: 'x' }, other.delivery.id))
    await refused('forbidden', reply({ text: 'x' }, '../../etc'))
  })
})
