import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fill } from '../../../scripts/bench/fill.ts'
import { cli, scratchHome } from '../../support/binary.ts'

test('fill puts deliveries, grants and sessions into a home that the program then reads', async () => {
  const home = await scratchHome()
  await cli(['session', 'add', 'alpha', '--driver', 'inbox'], { home })
  await cli(['expose', '--session', 'alpha'], { home })
  await fill(home, { deliveries: 500, grants: 50, sessions: 7 })
  const { stdout } = await cli(['deliveries', 'ls', '--json', '--limit', '1000'], { home })
  const states = (JSON.parse(stdout) as { readonly state: string }[]).map(({ state }) => state)
  assert.equal(states.length, 507)
  assert.equal(states.filter((state) => state === 'FAILED').length, 10)
  assert.equal(states.filter((state) => state === 'PENDING').length, 7)
  const grants = await cli(['ls', '--json'], { home })
  assert.equal((JSON.parse(grants.stdout) as unknown[]).length, 51)
  const inbox = await cli(['inbox', '--session', 's000007', '--json'], { home })
  assert.match(inbox.stdout, /deploy 507 finished/)
})
