import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fill } from '../../../scripts/bench/fill.ts'
import { cli, scratchHome } from '../../support/binary.ts'

test('fill puts deliveries and grants into a home that the program then reads', async () => {
  const home = await scratchHome()
  await cli(['session', 'add', 'alpha', '--driver', 'inbox'], { home })
  await cli(['expose', '--session', 'alpha'], { home })
  await fill(home, 500)
  const { stdout } = await cli(['deliveries', 'ls', '--json', '--limit', '1000'], { home })
  const states = (JSON.parse(stdout) as { readonly state: string }[]).map(({ state }) => state)
  assert.equal(states.length, 500)
  assert.equal(states.filter((state) => state === 'FAILED').length, 10)
  const grants = await cli(['ls', '--json'], { home })
  assert.equal((JSON.parse(grants.stdout) as unknown[]).length, 51)
})
