import { after, before, describe, it } from 'node:test'
import { ownedHazards } from '../suites/agents/owned.ts'
import { openStage, type Stage } from '../suites/agents/stage.ts'
import { openTypedStage, type TypedStage, typedHazards } from '../suites/agents/typed.ts'
import { openAgent, without } from '../support/agents.ts'

const skip = without('opencode')
const timeout = 240_000
const add = ['--driver', 'command', '--preset', 'opencode', '--', 'opencode']

describe('opencode by its command preset, through the built binary', () => {
  let stage: Stage

  before(async () => {
    if (!skip) stage = await openStage(await openAgent('opencode'), add)
  })
  after(() => stage?.close())

  for (const title of [
    'a turn with a tool call answers, once',
    'a model failure is never delivered',
  ] as const)
    it(title, { skip, timeout }, () => ownedHazards[title](stage))
})

describe('opencode in a tmux pane, through the built binary', () => {
  let stage: TypedStage
  const ready = /Ask anything/
  const asks = { OPENCODE_CONFIG_CONTENT: JSON.stringify({ permission: { bash: 'ask' } }) }
  const agent = { ready, dialog: /Permission required/, allow: ['Enter'] }

  before(async () => {
    if (!skip) stage = await openTypedStage(await openAgent('opencode', asks), 'tmux', agent)
  })
  after(() => stage?.close())

  for (const title of [
    'a knock becomes one user message',
    'a model failure is not a delivered turn',
    'commands in messages are texts',
    'one word does not end the agent',
  ] as const)
    it(title, { skip, timeout }, () => typedHazards[title](stage))
})
