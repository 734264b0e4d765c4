import { after, before, describe, it } from 'node:test'
import { ownedHazards } from '../suites/agents/owned.ts'
import { openStage, type Stage } from '../suites/agents/stage.ts'
import { openAgent, without } from '../support/agents.ts'

const skip = without('opencode')

describe('opencode over ACP, through the built binary', () => {
  let stage: Stage

  before(async () => {
    if (!skip) stage = await openStage(await openAgent('opencode'), add)
  })
  after(() => stage?.close())

  for (const title of [
    'a turn with a tool call answers, once',
    'a model failure is never delivered',
    'commands in messages are texts',
    'knocks during a slow turn arrive afterwards, in order',
    'long messages arrive whole',
    'the agent is killed during a turn',
    'the server is killed during a turn',
  ] as const)
    it(title, { skip, timeout: 240_000 }, () => ownedHazards[title](stage))
})

const add = ['--driver', 'acp', '--', 'opencode', 'acp']
