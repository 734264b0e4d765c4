import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Session, SessionId } from '../../../src/domain/session.ts'
import { inboxDriver } from '../../../src/drivers/inbox/driver.ts'
import { testDriver } from '../../suites/driver.ts'

const session: Session = {
  id: 'default' as SessionId,
  generation: '00c0ffee00c0ffee',
  driver: 'inbox',
  settings: {},
  state: 'live',
  openedAt: 0,
}

const tools = { runDir: '/nowhere', now: () => 0, log: () => {}, remember: async () => {} }

testDriver({
  name: 'inbox',
  delivery: 'pull',
  ownsAgent: false,
  close: 'leaves',
  multiline: true,
  longestLine: Number.POSITIVE_INFINITY,
  turns: 'no',
  start: async () => ({
    connection: inboxDriver.connect(session, tools),
    received: async () => [],
    stop: async () => {},
  }),
})

test('inboxDriver.prepare takes no settings', async () => {
  assert.deepEqual(await inboxDriver.prepare({}, { cwd: '/' }), {})
  await assert.rejects(inboxDriver.prepare({ target: '%5' }, { cwd: '/' }), /leave out target/)
})
