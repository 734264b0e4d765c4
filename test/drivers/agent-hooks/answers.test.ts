import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { SessionId } from '../../../src/domain/session.ts'
import { answersByHooks } from '../../../src/drivers/agent-hooks/answers.ts'
import { appendHookEvent, openHookEvents } from '../../../src/drivers/agent-hooks/event-file.ts'
import { sessionCalled } from '../../support/drafts.ts'

test('a typed session tells its answers once the hooks of its agent have reported a turn, in this opening', async () => {
  const runDir = await mkdtemp(join(tmpdir(), 'postern-answers-'))
  const session = sessionCalled('build' as SessionId)
  assert.equal(await answersByHooks(session, { runDir }), false)
  await openHookEvents(runDir, session).begin()
  assert.equal(await answersByHooks(session, { runDir }), false)
  appendHookEvent(runDir, session.id, { is: 'completed', conversation: 'c', answer: 'fine' })
  assert.equal(await answersByHooks(session, { runDir }), true)
  assert.equal(await answersByHooks({ ...session, generation: 'g2' }, { runDir }), false)
  await rm(runDir, { recursive: true })
})
