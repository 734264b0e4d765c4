import { after, before, describe, it } from 'node:test'
import { ownedHazards } from '../suites/agents/owned.ts'
import { openStage, type Stage } from '../suites/agents/stage.ts'
import { openTypedStage, type TypedStage, typedHazards } from '../suites/agents/typed.ts'
import { openAgent, without } from '../support/agents.ts'

const skip = without('qwen')

const sessions = {
  'its command preset': ['--driver', 'command', '--preset', 'qwen', '--', 'qwen', '--yolo'],
  ACP: ['--driver', 'acp', '--set', 'permissions=["execute"]', '--', 'qwen', '--acp'],
}

for (const [how, add] of Object.entries(sessions))
  describe(`qwen by ${how}, through the built binary`, () => {
    let stage: Stage

    before(async () => {
      if (!skip) stage = await openStage(await openAgent('qwen'), add)
    })
    after(() => stage?.close())

    for (const title of [
      'a turn with a tool call answers, once',
      'one word does not end the agent',
      // Last: qwen puts a turn that failed before the next message.
      'a model failure is never delivered',
    ] as const)
      it(title, { skip, timeout: 240_000 }, () => ownedHazards[title](stage))
  })

for (const [via, ...args] of [['tmux'], ['pty'], ['tmux', '--yolo'], ['pty', '--yolo']] as const)
  describe(`${['qwen', ...args].join(' ')} in a terminal, by ${via}, through the built binary`, () => {
    let stage: TypedStage

    before(async () => {
      if (!skip)
        stage = await openTypedStage(await openAgent('qwen'), via, { args, ready: /Type your message/ })
    })
    after(() => stage?.close())

    for (const title of [
      'a knock becomes one user message',
      'a model failure is not a delivered turn',
      'one word does not end the agent',
      'texts that an input box folds arrive whole, and the next one, too',
      'a backslash at the end arrives, and the next message, too',
      'a half-typed draft is neither sent nor lost',
    ] as const)
      it(title, { skip, timeout: 240_000 }, () => typedHazards[title](stage))
  })
