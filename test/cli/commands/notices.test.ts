import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cli, createWorld } from '../fake-io.ts'

test('notices ls lists who was told, by state and rule', async () => {
  const world = createWorld()
  assert.equal((await cli(world, ['notices', 'ls'])).stderr, 'Nobody was told anything.\n')
  const rule = { on: ['guess_alarm'] as const, session: '*' }
  await world.store.setNoticeRules([
    { ...rule, name: 'phone' },
    { ...rule, name: 'chat' },
  ])
  await world.store.noteHappening({ name: 'guess_alarm', data: { count: 1 } })
  const listed = async (...more: readonly string[]) => {
    const { stdout } = await cli(world, ['notices', 'ls', '--json', ...more])
    return (JSON.parse(stdout) as readonly { readonly rule: string }[])
      .map((notice) => notice.rule)
      .toSorted()
  }
  assert.deepEqual(await listed(), ['chat', 'phone'])
  assert.deepEqual(await listed('--rule', 'chat', '--state', 'pending'), ['chat'])
  assert.deepEqual(await listed('--state', 'FAILED'), [])
  assert.match((await cli(world, ['notices', 'ls'])).stdout, /PENDING +phone +guess_alarm/)
  const { code, stderr } = await cli(world, ['notices', 'ls', '--state', 'FAILD'])
  assert.equal(code, 2)
  assert.match(stderr, /Did you mean FAILED\?/)
})
