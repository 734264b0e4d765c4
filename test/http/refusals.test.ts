import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../src/domain/error.ts'
import type { NewRefusal } from '../../src/domain/refusal.ts'
import { createRefusalNotes } from '../../src/http/refusals.ts'

function noted(path: string, thrown: unknown, headers: Readonly<Record<string, string>> = {}) {
  const found: { refusal: NewRefusal; guess: boolean }[] = []
  const notes = createRefusalNotes({
    note: (refusal, guess) => found.push({ refusal, guess }),
    peer: () => '192.0.2.1',
    now: () => 5,
  })
  const request = new Request('http://localhost/', { headers })
  Object.defineProperty(request, 'url', { value: `http://localhost${path}` })
  notes.refused(request, thrown, new Response(null, { status: 401, headers: { 'x-request-id': 'id' } }))
  return found
}

const token = `eyJhbGciOiJIUzI1NiJ9.${'a'.repeat(40)}.${'b'.repeat(43)}`

describe('createRefusalNotes', () => {
  it('notes everything at the doors, and failed proofs everywhere', () => {
    const cases = [
      ['/hook', 'malformed', 1],
      ['/hook/x', 'session_ended', 1],
      ['/api/hooks/github', 'not_found', 1],
      ['/api/grants', 'unprocessable', 0],
      ['/api/grants', 'unauthorized', 1],
      ['/metrics', 'unauthorized', 1],
      ['/robots.txt', 'not_found', 0],
      ['/robots.txt', 'host_not_allowed', 1],
      ['/dashboard/login', 'rate_limited', 1],
    ] as const
    for (const [path, code, count] of cases)
      assert.equal(noted(path, new Failure(code, 'No.')).length, count, `${path} ${code}`)
  })

  it('leaves to other lists what left a delivery, and to the log what went wrong here', () => {
    const withDelivery = new Failure('skill_unknown', 'No.', { deliveryId: 'whd_1' })
    assert.deepEqual(noted('/hook/x', withDelivery), [])
    assert.deepEqual(noted('/hook/x', new Error('oops')), [])
  })

  it('says why to the operator, by hook and grant where they are known', () => {
    const failure = new Failure('unauthorized', 'For the caller.', {
      ...{ why: 'header x missing', hook: 'github', guess: true },
    })
    assert.deepEqual(noted('/api/hooks/github', failure, { 'user-agent': 'GitHub-Hookshot/1' }), [
      {
        guess: true,
        refusal: {
          ...{ at: 5, door: '/api/hooks/github', hook: 'github', status: 401, code: 'unauthorized' },
          ...{
            cause: 'header x missing',
            peer: '192.0.2.1',
            userAgent: 'GitHub-Hookshot/1',
            requestId: 'id',
          },
        },
      },
    ])
  })

  it('keeps no token and nothing long, wherever it stands', () => {
    const places = [
      [`/hook/${token}`, {}],
      [`/api/hooks/${token}`, {}],
      [`/api/hooks/Zq8rT3vLx0pWn5Kd`, {}],
      [`/hook?token=${token}`, {}],
      ['/hook', { 'user-agent': `agent ${token} ${'c'.repeat(64)}` }],
      ['/hook', { 'user-agent': 'x'.repeat(5000) }],
    ] as const
    for (const [path, headers] of places) {
      const text = JSON.stringify(noted(path, new Failure('forbidden', 'No.'), headers))
      assert.doesNotMatch(text, /eyJ|aaaa|bbbb|cccc|xxxx|Zq8r/)
    }
  })
})
