import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { loadConfig } from '../../../src/config/load.ts'
import { homeAt } from '../../../src/domain/home.ts'
import { resultOf } from '../../../src/http/dashboard/hook/answered.ts'
import { createLastKnocks } from '../../../src/http/dashboard/hook/last-knocks.ts'
import { hooksPage, hrefOfHook } from '../../../src/http/dashboard/hooks.ts'
import { noon } from '../../support/drafts.ts'
import { hookOf, placeWith } from '../../support/hook-pages.ts'

type Row = { name: string; state: string; proof: string; refused: string | null; last: { at: string } | null }

describe('hooksPage', () => {
  const github = hookOf({
    ...{ name: 'github', preset: 'github', session: 'review' },
    verify: { scheme: 'github', secrets: ['a-secret-of-some-length'] },
  })

  it('lists every hook with its state, its proof, its last knock and what it refused within a day', async () => {
    const { deps, knock, store } = placeWith(hookOf(), github)
    await knock('github', '{}')
    await store.pause('hook:github', noon)
    const refusal = {
      ...{ door: '/api/hooks/github', hook: 'github', status: 401, code: 'unauthorized' as const },
      ...{ cause: 'x', peer: '192.0.2.1', requestId: 'r1' },
    }
    const ignored = { ...refusal, code: 'ignored' as const, at: noon }
    await store.recordRefusals(
      [{ ...refusal, at: noon - 90_000_000 }, { ...refusal, at: noon - 1000 }, ignored],
      [],
    )
    const { view } = await hooksPage(deps, createLastKnocks(deps), () => '')
    const rows = (view.hooks as Row[]).map(({ name, state, proof, refused, last }) => [
      ...[name, state, proof, refused, last?.at ?? null],
    ])
    assert.deepEqual(rows, [
      ['news', 'Active', 'bearer secret', null, null],
      ['github', 'Paused', 'GitHub signature', '1', '2026-11-22T12:00:00.000Z'],
      ['wake', 'Active', 'bearer secret', null, null],
      ['agent', 'Active', 'bearer secret', null, null],
    ])
  })

  it('shows the lines that make a hook where there is none, and they do', async () => {
    const { deps } = placeWith()
    const { view, atOnce } = await hooksPage(deps, createLastKnocks(deps), () => 'Zq3vT8xLwP0rBn5k')
    assert.equal(view.none, true)
    const written = String((await atOnce?.())?.example)
    const text = written.replaceAll('&quot;', '"')
    const config = await loadConfig({ home: homeAt('/h'), env: {}, flags: {}, read: async () => text })
    assert.deepEqual(
      config.webhooks.hooks.map(({ name, preset, verify }) => [name, preset, verify.scheme, verify.secrets]),
      [['github', 'github', 'github', ['Zq3vT8xLwP0rBn5k']]],
    )
  })
})

test('hrefOfHook leads to the row of a hook that has no page', () => {
  assert.deepEqual(['news', 'wake', 'agent'].map(hrefOfHook), [
    '/dashboard/hooks/news',
    '/dashboard/hooks#hook-wake',
    '/dashboard/hooks#hook-agent',
  ])
})

describe('createLastKnocks', () => {
  it('asks once for a hook that is not among the newest, until more came than are looked through', async () => {
    const { store, knock } = placeWith()
    const asked: string[] = []
    const lastKnocks = createLastKnocks({
      store: {
        listDeliveries: (filter) => {
          if (filter.hook) asked.push(filter.hook)
          return store.listDeliveries(filter)
        },
      },
    })
    await knock('old', '{}', { receivedAt: noon - 5 })
    for (let n = 0; n < 500; n++) await knock('busy', '{}', { receivedAt: noon + n })
    const look = async () => [...(await lastKnocks(['old', 'busy', 'never']))]
    const expected = [
      ['old', noon - 5],
      ['busy', noon + 499],
      ['never', null],
    ]
    assert.deepEqual([await look(), await look(), asked], [expected, expected, ['old', 'never']])
    await knock('old', '{}', { receivedAt: noon + 600 })
    assert.equal((await lastKnocks(['old'])).get('old'), noon + 600)
  })
})

describe('resultOf', () => {
  const sent = { hook: 'news', replayed: false, deliveryId: null }
  const refusal = {
    ...{
      seq: 1,
      at: noon,
      door: '/api/hooks/news',
      hook: 'news',
      status: 401,
      code: 'unauthorized' as const,
    },
    ...{ cause: 'signature does not match', peer: '127.0.0.1', requestId: 'r7' },
  }
  it('tells the operator the cause that the sender is not told, and what mends it', async () => {
    const answer = { status: 401, title: 'Unauthorized', detail: 'No.', requestId: 'r7' }
    const result = await resultOf({ ...sent, status: 401, answer }, async () => [refusal])
    assert.deepEqual(
      [result.tone, result.title, result.text, /Copy the secret/.test(result.mends ?? '')],
      [
        ...['failed', 'The door answered 401: Unauthorized'],
        ...['signature does not match. Nothing is stored.', true],
      ],
    )
  })
  it('does not deny the delivery that a template without a message leaves', async () => {
    const { id } = await placeWith().knock('news', '{}')
    const answer = { status: 422, title: 'Unprocessable content', detail: 'The message renders blank.' }
    const result = await resultOf({ ...sent, status: 422, answer, deliveryId: id }, async () => [])
    assert.deepEqual(
      [result.tone, result.text, result.mends],
      ['failed', 'The message renders blank. It is kept as a delivery that failed.', null],
    )
  })
  it('tells why a payload was ignored', async () => {
    const answer = { status: 'ignored', reason: 'the filter does not match: x' }
    const { tone, text } = await resultOf({ ...sent, status: 202, answer }, async () => [])
    assert.deepEqual(
      [tone, text],
      ['waiting', 'the filter does not match: x. Nothing is stored, and no agent hears of it.'],
    )
  })
})
