import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AgentRequest } from '../../../src/domain/decision.ts'
import { createAgentRequests } from '../../../src/manage/agent-requests.ts'
import { build, sessionCalled } from '../../support/drafts.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { cli, createWorld } from '../fake-io.ts'

const request: AgentRequest = {
  id: '1',
  kind: 'permission',
  title: 'Bash: rm -rf build',
  detail: '{"command":"rm -rf build\u202e"}',
}

/** A world whose session `build` asks something, at a server of its own. */
async function asking() {
  const world = createWorld()
  const session = sessionCalled(build, { decisions: true })
  const server = createAgentRequests({
    store: openMemoryStore(() => world.now, world),
    clock: { now: () => world.now, bytes: world.io.random },
    withinMs: () => 60_000,
    log: () => {},
  })
  await world.store.openSession(session, { replace: true })
  const open = server.toolsFor(session)?.open(request)
  await server.idle()
  assert.ok(open)
  const [decision] = await world.store.listDecisions({ limit: 1 })
  assert.ok(decision)
  return { world, server, open, id: decision.id }
}

test('decide ls and decide show exactly what is asked, and the link that decides', async () => {
  const { world, id } = await asking()
  assert.match(
    (await cli(world, ['decide', 'ls'])).stdout,
    new RegExp(`${id}.*permission: Bash: rm -rf build`),
  )
  const { stdout } = await cli(world, ['decide', id.slice(0, 8)])
  assert.match(stdout, /^Asks: +permission: Bash: rm -rf build$/m)
  assert.match(stdout, /^Decide: +http.*\/decide\/\S+$/m)
  assert.ok(stdout.includes('{"command":"rm -rf build\\u202e"}'))
  const shown = JSON.parse((await cli(world, ['decide', id, '--json'])).stdout)
  assert.deepEqual([shown.state, shown.detail], ['open', request.detail])
})

test('decide is done when the agent was told, and says what happened to who comes late', async () => {
  const { world, server, open, id } = await asking()
  const ran = cli(world, ['decide', id, 'allow'])
  void open.decided.then((decided) => decided?.applied())
  let over = false
  void open.decided.then(() => {
    over = true
  })
  while (!over) await server.follow()
  assert.deepEqual(await ran, { code: 0, stdout: '', stderr: 'It was allowed on the command line.\n' })
  const late = await cli(world, ['decide', id, 'deny'])
  assert.equal(late.code, 4)
  assert.match(late.stderr, /It was allowed on the command line\./)
  assert.match((await cli(world, ['decide', 'ls'])).stderr, /No agent asks anything/)
  assert.match((await cli(world, ['decide', 'ls', '--all'])).stdout, /allowed/)
})

test('decide refuses what is no verdict and no decision', async () => {
  const { world, id } = await asking()
  assert.equal((await cli(world, ['decide', id, 'yes'])).code, 2)
  assert.equal((await cli(world, ['decide', 'x'])).code, 2)
  assert.equal((await cli(world, ['decide', id.endsWith('0') ? '1111' : '0000', 'allow'])).code, 3)
  assert.equal((await world.store.findDecision(id))?.state, 'open')
})

test('session add --decisions says so of the session', async () => {
  const { world } = await asking()
  const { code } = await cli(world, ['session', 'add', 'two', '--driver', 'inbox', '--decisions'])
  assert.equal(code, 0)
  const all = await world.store.listSessions()
  assert.deepEqual(
    all.filter(({ decisions }) => decisions).map(({ id }) => id),
    ['build', 'two'],
  )
})
