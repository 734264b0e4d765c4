import { after, before, describe, it } from 'node:test'
import { ownedHazards } from '../suites/agents/owned.ts'
import { openStage, type Stage } from '../suites/agents/stage.ts'
import { openTypedStage, type TypedStage, typedHazards } from '../suites/agents/typed.ts'
import { openAgent, without } from '../support/agents.ts'

const skip = without('pi')
const timeout = 240_000
const add = ['--driver', 'command', '--preset', 'pi', '--', 'pi']
const hazards = {
  command: [
    'a turn with a tool call answers, once',
    'a model failure is never delivered',
    'the agent is killed during a turn',
    'the server is killed during a turn',
  ],
  tmux: [
    'a model failure is not a delivered turn',
    'a half-typed draft is neither sent nor lost',
    'knocks during a slow turn arrive afterwards, in order',
  ],
  pty: [
    'a knock becomes one user message',
    'a model failure is not a delivered turn',
    'commands in messages are texts',
    'one word does not end the agent',
    'a very long message arrives whole',
    'the server is killed during a turn',
    'the agent is killed during a turn',
  ],
} as const

describe('pi by its command preset, through the built binary', () => {
  let stage: Stage

  before(async () => {
    if (!skip) stage = await openStage(await openAgent('pi'), add)
  })
  after(() => stage?.close())

  for (const title of hazards.command) it(title, { skip, timeout }, () => ownedHazards[title](stage))
})

for (const via of ['tmux', 'pty'] as const)
  describe(`pi in a terminal of its own, by ${via}, through the built binary`, () => {
    let stage: TypedStage

    before(async () => {
      if (!skip) stage = await openTypedStage(await openAgent('pi'), via, { ready: /fake-model/ })
    })
    after(() => stage?.close())

    for (const title of hazards[via]) it(title, { skip, timeout }, () => typedHazards[title](stage))
  })
