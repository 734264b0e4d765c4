import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GrantId } from '../../../src/domain/grant.ts'
import type { SessionId } from '../../../src/domain/session.ts'
import { acrossThreads } from '../../../src/store/threads/near.ts'
import type { Remote } from '../../../src/store/threads/remote.ts'
import { grantOf } from '../../support/drafts.ts'

/** A thread that reads, and what it was asked. */
function reader() {
  const grant = grantOf({})
  const state = { edits: 1, label: 'first', isThere: true, isGone: false }
  const asked: string[] = []
  const call = async (method: string) => {
    asked.push(method)
    if (state.isGone) throw new Error('gone')
    if (method === 'edits') return state.edits
    return state.isThere ? { ...grant, label: state.label } : undefined
  }
  const listener: { edits: number | undefined } = { edits: undefined }
  const near = acrossThreads(
    async () => ({ call }) as unknown as Remote,
    () => listener.edits,
  )
  return { state, asked, listener, near, label: async () => (await near.findGrant(grant.id))?.label }
}

test('what was found is kept while nothing has changed, also when it is doubted', async () => {
  const { asked, near, label } = reader()
  assert.deepEqual(await Promise.all([label(), label()]), ['first', 'first'])
  asked.length = 0
  assert.equal(await label(), 'first')
  near.doubt()
  assert.equal(await label(), 'first')
  assert.deepEqual(new Set(asked), new Set(['edits']))
})

test('what has changed is read anew', async () => {
  const { state, near, label } = reader()
  assert.equal(await label(), 'first')
  state.edits = 2
  state.label = 'second'
  near.doubt()
  assert.equal(await label(), 'second')
})

test('what was not there is looked for each time', async () => {
  const { state, label } = reader()
  state.isThere = false
  assert.equal(await label(), undefined)
  state.isThere = true
  assert.equal(await label(), 'first')
})

test('nothing is believed of a database that does not answer', async () => {
  const { state, near, label } = reader()
  assert.equal(await label(), 'first')
  state.isGone = true
  near.doubt()
  await assert.rejects(label(), /gone/)
  await assert.rejects(label(), /gone/)
  state.isGone = false
  assert.equal(await label(), 'first')
})

test('while it is heard what changes nothing is asked', async () => {
  const { state, asked, listener, near, label } = reader()
  assert.equal(await label(), 'first')
  await new Promise((resolve) => setTimeout(resolve, 20))
  asked.length = 0
  listener.edits = 1
  assert.equal(await label(), 'first')
  assert.deepEqual(asked, [])
  state.label = 'second'
  listener.edits = 2
  assert.equal(await label(), 'second')
  assert.deepEqual(asked, ['findGrant'])
  // Also where it has just asked.
  state.edits = 2
  near.doubt()
  assert.equal(await label(), 'second')
  state.label = 'as heard'
  listener.edits = 3
  assert.equal(await label(), 'as heard')
  // Its own change, which it has not heard yet.
  state.label = 'third'
  state.edits = 4
  near.doubt()
  assert.equal(await label(), 'third')
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(await label(), 'third')
})

test('a grant or session that is to be read anew is asked for, whatever is known of it', async () => {
  const { state, asked, near, label } = reader()
  const id = 'build' as SessionId
  assert.equal(await label(), 'first')
  await near.findSession(id)
  asked.length = 0
  state.label = 'second'
  const found = [await near.findGrant('00' as GrantId, 'anew'), await near.findSession(id, 'anew')]
  assert.deepEqual(
    found.map((one) => one && 'label' in one && one.label),
    ['second', 'second'],
  )
  assert.deepEqual(asked, ['findGrant', 'findSession'])
})

test('what is at hand is what was found, and nothing where the thread is gone, which nobody has to catch', async () => {
  const { state, near, label } = reader()
  const { id } = grantOf({})
  assert.equal(near.atHand(id), undefined)
  await label()
  await near.findSession(grantOf({}).session as SessionId)
  assert.equal(near.atHand(id)?.grant.label, 'first')
  state.isGone = true
  near.doubt()
  assert.equal(near.atHand(id), undefined)
  // Longer than the refusal takes: were it unhandled, it would end this process.
  await new Promise((resolve) => setTimeout(resolve, 20))
  await assert.rejects(label())
})
