import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Habit, HookEventReader } from '../../../src/drivers/agent-hooks/event-file.ts'
import type { HookEvent } from '../../../src/drivers/agent-hooks/events.ts'
import { typingRules } from '../../../src/drivers/terminal/keystrokes.ts'
import { fingerprint } from '../../../src/drivers/terminal/screen.ts'
import { createTypist } from '../../../src/drivers/terminal/typing.ts'
import { type ProgramWanted, simulate } from '../../support/program.ts'

const text = 'fix the build, please'
const never = new AbortController().signal

/** A simulated agent whose hooks speak by its clock. */
function atWork(habit: Habit = 'turns', wanted?: ProgramWanted) {
  const program = simulate(wanted)
  const events: HookEvent[] = []
  const hooks: HookEventReader = {
    begin: async () => {
      events.length = 0
    },
    events: async () => [...events],
    habit: async () => habit,
    forget: async () => {},
  }
  const report = (is: HookEvent['is'], more: Partial<HookEvent> = {}) => {
    events.push({ is, conversation: 'a', ...more })
  }
  const accept = () => report('accepted', { prompt: fingerprint(text) })
  return { program, report, accept, typist: createTypist(program.surface, typingRules('linux'), hooks) }
}

describe('type, with hooks', () => {
  it('is acknowledged by the agent itself, a moment after the screen', async () => {
    const { program, typist, accept } = atWork()
    program.after(1200, accept)
    assert.deepEqual(await typist.type(text, never), { kind: 'taken', evidence: 'ack' })
  })

  it('counts what the screen shows when the hooks stay silent', async () => {
    const { typist } = atWork()
    assert.deepEqual(await typist.type(text, never), { kind: 'taken', evidence: 'echo' })
  })

  it('presses no second Enter once the agent acknowledged the text', async () => {
    const { program, typist, accept } = atWork('turns', { onEnter: () => 'ignore' })
    program.after(1000, accept)
    assert.deepEqual(await typist.type(text, never), { kind: 'taken', evidence: 'ack' })
    assert.equal(program.input.filter((keys) => keys === '\r').length, 1)
  })

  it('holds while a permission is asked for and no input box is there', async () => {
    const { program, typist, report } = atWork()
    program.dialog = ['the agent wants something']
    report('asks', { detail: 'Bash' })
    program.surface.pause(5000)
    assert.deepEqual(await typist.readiness(), {
      kind: 'blocked',
      why: 'it waits for permission: Bash',
      asks: 'permission: Bash',
    })
    assert.deepEqual(await typist.type(text, never), {
      kind: 'busy',
      why: 'it waits for permission: Bash',
      blocked: true,
    })
    assert.deepEqual(program.input, [])
    program.dialog = undefined
    assert.equal((await typist.readiness()).kind, 'idle')
  })
})

describe('rest, with hooks', () => {
  it('ends when the agent tells it, with its answer, however the screen moves', async () => {
    const { program, typist, accept, report } = atWork()
    program.after(1500, accept)
    await typist.type(text, never)
    const started = program.now()
    for (let ms = 0; ms < 20_000; ms += 200) program.after(ms, () => program.draw('spinning'))
    program.after(3000, () => report('asks', { detail: 'Bash' }))
    program.after(6000, () => report('completed', { answer: 'done' }))
    const asked: string[] = []
    const outcome = await typist.rest(never, (what) => asked.push(what))
    assert.deepEqual(outcome, { kind: 'completed', answer: 'done' })
    assert.deepEqual(asked, ['permission: Bash'])
    assert.ok(program.now() - started < 8000)
  })

  it('does not end on a quiet screen before a hook reports its end', async () => {
    const { program, typist, accept, report } = atWork()
    program.after(1500, accept)
    await typist.type(text, never)
    program.after(5000, () => report('failed', { detail: '400' }))
    assert.deepEqual(await typist.rest(never), { kind: 'turn_failed', why: 'agent_error', detail: '400' })
  })

  const silent: readonly (readonly [title: string, habit: Habit, accepts: boolean, kind: string])[] = [
    ['no end after a beginning is a failure', 'turns', true, 'turn_failed'],
    ['no end from an agent that tells ends is a failure', 'ends', false, 'turn_failed'],
    ['no event at all leaves it to the screen', 'turns', false, 'completed'],
    ['without hooks it is left to the screen', 'silent', false, 'completed'],
  ]
  for (const [title, habit, accepts, kind] of silent)
    it(title, async () => {
      const { program, typist, accept } = atWork(habit)
      if (accepts) program.after(1500, accept)
      await typist.type(text, never)
      const outcome = await typist.rest(never)
      assert.equal(outcome.kind, kind)
      assert.equal(outcome.kind === 'completed' && outcome.heuristic, kind === 'completed')
    })

  it('stops waiting when it is told to', async () => {
    const { program, typist, accept } = atWork()
    program.after(1500, accept)
    await typist.type(text, never)
    const outcome = await typist.rest(AbortSignal.abort())
    assert.ok(outcome.kind === 'turn_failed' && outcome.why === 'timeout')
  })
})
