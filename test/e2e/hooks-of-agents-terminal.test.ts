import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fixture } from '../drivers/command/harness.ts'
import { binary, cli, scratchHome, serve } from '../support/binary.ts'
import { configure, hooks, post } from '../support/hooks.ts'

interface Shown {
  readonly state: string
  readonly answer: string | null
  readonly events: readonly { readonly kind: string; readonly detail: string | null }[]
}

describe('an agent with hooks in a terminal', () => {
  it('tells what it took, what it asks for and how its turn ended', { timeout: 120_000 }, async () => {
    const home = await scratchHome()
    configure(home, { ...hooks(), sessions: { allow: ['*'] } })
    const server = await serve(home)
    const hook = `${binary().join(' ')} hook-relay claude --home ${home}`
    const env = { FAKE_TUI_HOOK: hook }
    await cli(['run', '--session', 'tui', '--detach', '--', ...fixture('fake-tui.mjs')], { home, env })
    const show = async (id: unknown): Promise<Shown> =>
      JSON.parse((await cli(['deliveries', 'show', String(id), '--json'], { home })).stdout)
    const say = (message: string, wait: number) =>
      post(`${server.url}/api/hooks/agent`, { message, session: 'tui' }, { prefer: `wait=${wait}` })

    const slow = await say('SLOW:3 please', 60)
    assert.equal(slow.body.response, 'done: SLOW:3 please')
    const told = await show(slow.body.deliveryId)
    assert.ok(told.events.some(({ kind, detail }) => kind === 'submitted' && detail === 'evidence: ack'))
    assert.ok(!told.events.some(({ detail }) => detail?.includes('inferred')))

    const asking = await say('ASK first', 0)
    const state = async () =>
      JSON.parse((await cli(['session', 'show', 'tui', '--json'], { home })).stdout) as {
        readonly agent: { readonly state: string }
      }
    const until = async (what: string, done: () => Promise<boolean>) => {
      for (const end = Date.now() + 60_000; !(await done()); ) assert.ok(Date.now() < end, what)
    }
    await until('it is blocked', async () => (await state()).agent.state === 'blocked')
    await until('the timeline says for what', async () =>
      (await show(asking.body.deliveryId)).events.some(
        ({ detail }) => detail === 'blocked: permission: Bash',
      ),
    )
    assert.equal((await show(asking.body.deliveryId)).state, 'PENDING')
    await cli(['session', 'end', 'tui'], { home })
    await until('it is not delivered', async () => (await show(asking.body.deliveryId)).state === 'FAILED')
    await server.stop()
  })
})
