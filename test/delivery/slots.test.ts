import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createSlots } from '../../src/delivery/slots.ts'

const never = new AbortController().signal

/** Asks for places by the time of each; who got one so far, in order. */
function asking(slots: ReturnType<typeof createSlots>) {
  const got: number[] = []
  const leave = new Map<number, () => void>()
  const ask = async (since: number, signal = never) => {
    const leaving = await slots.take(since, signal)
    if (!leaving) return
    got.push(since)
    leave.set(since, leaving)
  }
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  return { got, leave: (since: number) => leave.get(since)?.(), ask, settle }
}

describe('createSlots', () => {
  it('lets so many in at once, then who has waited longest', async () => {
    const { got, leave, ask, settle } = asking(createSlots(() => 2))
    for (const since of [50, 40, 30, 10, 20]) void ask(since)
    await settle()
    assert.deepEqual(got, [50, 40])
    leave(50)
    await settle()
    assert.deepEqual(got, [50, 40, 10])
    leave(50)
    leave(40)
    leave(10)
    await settle()
    assert.deepEqual(got, [50, 40, 10, 20, 30])
  })

  it('knows no limit at 0', async () => {
    const { got, ask, settle } = asking(createSlots(() => 0))
    for (let since = 0; since < 100; since++) void ask(since)
    await settle()
    assert.equal(got.length, 100)
  })

  it('gives none to who gave up, to one too many, and once it is closed', async () => {
    const slots = createSlots(() => 1, 2)
    const { got, leave, ask, settle } = asking(slots)
    const givingUp = new AbortController()
    await ask(1)
    const gone = slots.take(2, givingUp.signal)
    void ask(3)
    assert.equal(await slots.take(4, never), undefined)
    givingUp.abort()
    assert.equal(await gone, undefined)
    leave(1)
    await settle()
    assert.deepEqual(got, [1, 3])
    const waiting = slots.take(5, never)
    slots.close()
    assert.equal(await waiting, undefined)
    assert.equal(await slots.take(6, never), undefined)
  })
})
