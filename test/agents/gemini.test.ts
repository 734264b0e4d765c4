import { after, before, describe, it } from 'node:test'
import { ownedHazards } from '../suites/agents/owned.ts'
import { openStage, type Stage } from '../suites/agents/stage.ts'
import { openTypedStage, type TypedStage, typedHazards } from '../suites/agents/typed.ts'
import { openAgent, without } from '../support/agents.ts'

const skip = without('gemini')

const sessions = {
  'its command preset': ['--driver', 'command', '--preset', 'gemini', '--', 'gemini', '--yolo'],
  ACP: ['--driver', 'acp', '--set', 'permissions=["execute"]', '--', 'gemini', '--acp'],
}

for (const [how, add] of Object.entries(sessions))
  describe(`gemini by ${how}, through the built binary`, () => {
    let stage: Stage

    before(async () => {
      if (!skip) stage = await openStage(await openAgent('gemini'), add)
    })
    after(() => stage?.close())

    for (const title of [
      'a turn with a tool call answers, once',
      'a model failure is never delivered',
    ] as const)
      it(title, { skip, timeout: 240_000 }, () => ownedHazards[title](stage))
  })

for (const [via, ...args] of [['tmux'], ['pty'], ['tmux', '--yolo'], ['pty', '--yolo']] as const)
  describe(`${['gemini', ...args].join(' ')} in a terminal, by ${via}, through the built binary`, () => {
    let stage: TypedStage

    before(async () => {
      if (!skip)
        stage = await openTypedStage(await openAgent('gemini'), via, { args, ready: /Type your message/ })
    })
    after(() => stage?.close())

    for (const title of [
      'a knock becomes one user message',
      'texts that an input box folds arrive whole, and the next one, too',
      'a backslash at the end arrives, and the next message, too',
      'a half-typed draft is neither sent nor lost',
    ] as const)
      it(title, { skip, timeout: 240_000 }, () => typedHazards[title](stage))
  })
