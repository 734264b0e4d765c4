import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type AgentBench, openAgent, without } from '../support/agents.ts'
import type { Served } from '../support/binary.ts'
import { configure, hooks, post } from '../support/hooks.ts'

describe('opencode, driven through the built binary', () => {
  let bench: AgentBench
  let server: Served
  const skip = without('opencode')

  before(async () => {
    if (skip) return
    bench = await openAgent('opencode')
    configure(bench.home, hooks())
    server = await bench.serve()
  })

  after(async () => {
    await server?.stop()
    await bench?.close()
  })

  it('acp: a turn with a tool call answers, once', { skip, timeout: 150_000 }, async () => {
    const added = await bench.postern(
      'session',
      'add',
      'webhook-agent',
      '--driver',
      'acp',
      '--',
      'opencode',
      'acp',
    )
    assert.equal(added.code, 0, added.stderr)
    const { body } = await post(`${server.url}/api/hooks/agent`, { message: 'TOOL:echo through-$((40+2))' })
    const delivery = await bench.settled(server, body.deliveryId)
    assert.equal(delivery.state, 'DELIVERED', JSON.stringify(delivery))
    assert.match(delivery.answer ?? '', /TOOL-RESULT: through-42/)
    assert.deepEqual(bench.userMessages(), ['TOOL:echo through-$((40+2))'])
  })
})
