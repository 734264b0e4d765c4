import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mintOrderOf } from '../../../src/http/dashboard/channels.ts'

test('mintOrderOf opens the hook that was chosen in place of a session, by the verb of hooks', () => {
  const order = (fields: Record<string, string>) => mintOrderOf(new URLSearchParams(fields))
  assert.deepEqual(order({ session: 'hook:github', verb: 'send_input', ttl: '60', label: 'ci' }), {
    hook: 'github',
    ttlSeconds: 60,
    label: 'ci',
  })
  assert.deepEqual(order({ session: 'build', verb: 'run_turn', ttl: 'never' }), {
    session: 'build',
    verb: 'run_turn',
    ttlSeconds: 'never',
  })
  assert.deepEqual(order({ session: 'build', uses: '2' }), { session: 'build', uses: 2 })
})
