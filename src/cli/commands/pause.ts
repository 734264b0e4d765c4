import { Failure } from '../../domain/error.ts'
import { type PauseView, pause, resume } from '../../manage/pauses.ts'
import { type Call, type Command, withHome } from '../command.ts'
import type { LocalHome } from '../context.ts'

const what = {
  name: 'what',
  summary: 'grant:<id>, hook:<name> or session:<id>; bare where only one fits',
  required: true,
} as const

export const pauseCommands: readonly Command[] = [
  {
    name: 'pause',
    summary: 'Close a grant, or hold what comes to a hook or a session, until it is resumed.',
    details:
      'A paused URL answers as a revoked one does. What comes to a paused hook or session is stored, answered with 202, and delivered in its order after "resume"; the longest hold still counts.',
    args: [{ ...what, complete: 'pausable' }],
    examples: ['postern pause session:build', 'postern pause hook:github', 'postern pause 9f3c'],
    run: (call) =>
      run(call, pause, ({ target }) =>
        target.startsWith('grant:')
          ? `Paused ${target}: its URL opens nothing until: postern resume ${target}`
          : `Paused ${target}: what comes is held until: postern resume ${target}`,
      ),
  },
  {
    name: 'resume',
    summary: 'End a pause: what was held is delivered in its order.',
    args: [{ ...what, complete: 'paused' }],
    examples: ['postern resume session:build', 'postern resume github'],
    run: (call) => run(call, resume, ({ target }) => `Resumed ${target}.`),
  },
]

function run(call: Call, act: typeof pause, text: (view: PauseView) => string): Promise<void> {
  return withHome(call, async (home) => {
    const view = await act({ ...home, hooks: () => hooksOf(home) }, call.args.need('what'))
    if (call.json) call.out.json(view)
    else call.out.note(text(view))
  })
}

/** A broken configuration has none: grants and sessions are paused all the same. */
function hooksOf(home: LocalHome): readonly string[] {
  try {
    return home.config.webhooks.hooks.map(({ name }) => name)
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === 'unsupported') throw thrown
    return []
  }
}
