import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stateOf } from '../../../src/http/dashboard/session-state.ts'
import { sessionSentence } from '../../../src/manage/session-sentence.ts'
import type { SessionView } from '../../../src/manage/views.ts'
import { sessionView } from '../../../src/manage/views.ts'
import { addSession, createWorld } from '../../cli/fake-io.ts'

const view: SessionView = sessionView(addSession(createWorld(), 'build'), { queues: new Map(), pauses: [] })
const paused = '2026-11-22T10:00:00.000Z'

const cases: readonly (readonly [Partial<SessionView>, string, string, string])[] = [
  [{ activity: 'idle' }, 'Idle', 'taken', 'Its agent is idle: a message is taken at once.'],
  [
    { activity: 'busy', why: 'its screen is moving' },
    'Busy',
    'queued',
    'Its agent works: its screen is moving.',
  ],
  [
    { activity: 'blocked', asks: 'permission: Bash(ls)' },
    ...(['Blocked', 'waiting', 'Its agent waits for a person: permission: Bash(ls).'] as const),
  ],
  [{ state: 'offline', why: 'no tmux' }, 'Offline', 'queued', 'It cannot be reached: no tmux.'],
  [{ state: 'ended', exitCode: 3 }, 'Ended', 'plain', 'It has ended with exit code 3.'],
  [{ state: 'ended', why: 'its pane was closed' }, 'Ended', 'plain', 'It has ended: its pane was closed.'],
  [{ pausedAt: paused, activity: 'idle' }, 'Paused', 'waiting', 'Its agent is idle: a message is held.'],
  [{ pausedAt: paused, state: 'ended' }, 'Ended', 'plain', 'It has ended.'],
  [{ activity: null }, 'Live', 'taken', 'It is open; what its agent does cannot be seen.'],
]

describe('stateOf and sessionSentence', () => {
  for (const [differs, state, tone, sentence] of cases)
    it(`say ${state}: ${sentence}`, () => {
      const seen = { ...view, ...differs }
      assert.deepEqual([stateOf(seen), sessionSentence(seen)], [{ state, tone }, sentence])
    })
})
