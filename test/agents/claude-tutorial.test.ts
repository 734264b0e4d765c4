import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type AgentBench, openAgent, without } from '../support/agents.ts'
import { until } from '../support/hooks.ts'
import { noPrograms } from '../support/stand-ins.ts'
import { openTutorial, type Tutorial } from '../support/tutorial.ts'

const skip = without('claude') || noPrograms
const options = { skip, timeout: 200_000 }
const startMs = 100_000
const server = '4. Start the server, and make the pane a session'
const knock = '6. Knock as GitHub would'

describe('the tutorial, with Claude Code as a newcomer has it', () => {
  let bench: AgentBench
  let tutorial: Tutorial

  const shows = (what: RegExp) =>
    until(`the pane shows ${what}`, async () => what.test(tutorial.screen()) || undefined, startMs).catch(
      (error: unknown) => {
        throw new Error(`${error}\n${tutorial.screen()}`)
      },
    )
  /** Its dialogs forget keys that come before they listen. */
  const chooseYes = async (tries = 10): Promise<void> => {
    tutorial.press('Down')
    const isChosen = async () => /❯ Yes/.test(tutorial.screen()) || undefined
    await until('Yes is chosen', isChosen, 3000).catch((error: unknown) => {
      if (tries === 0) throw error
      return chooseYes(tries - 1)
    })
  }
  const heard = (text: string) =>
    until(
      `it heard: ${text}`,
      async () => bench.userMessages().find((message) => message.includes(text)),
      startMs,
    ).catch((error: unknown) => {
      throw new Error(`${error}\n${bench.userMessages().join('\n')}\n${tutorial.screen()}`)
    })

  before(async () => {
    if (skip) return
    bench = await openAgent('claude')
    tutorial = await openTutorial({
      folder: dirname(bench.place.home),
      home: bench.place.home,
      agent: `exec '${bench.program}' "$@"`,
      env: bench.env,
    })
  }, options)

  after(async () => {
    if (skip) return
    await tutorial.close()
    await bench.close()
  })

  it(
    '1 to 3: installs, starts it in a folder it does not know, and answers what it asks',
    options,
    async () => {
      await tutorial.paste('1. Install')
      await tutorial.paste('1. Install', 1)
      await tutorial.paste('2. Start the agent')
      await shows(/Yes, I trust this folder/)
      await chooseYes()
      tutorial.press('Enter')
      await shows(/^(?![\s\S]*I trust this folder)[\s\S]*❯/)
      await tutorial.paste('3. Configure the hook')
    },
  )

  it('4: makes its pane a session, says something, and it answers', options, async () => {
    const { stdout, stderr } = await tutorial.paste(server)
    assert.match(stdout, /claude +tmux.* live/)
    assert.doesNotMatch(stdout + stderr, /warning/i)
    const sent = await tutorial.paste(server, 1)
    assert.match(sent.stdout + sent.stderr, /delivered/i)
    await heard('Say hello.')
  })

  it('5 and 6: opens the door; a signed push reaches it, a forged one does not', options, async () => {
    await tutorial.paste('5. Open the door')
    await until(
      'Caddy has its authority',
      async () => (await readFile(tutorial.authority, 'utf8').catch(() => '')) || undefined,
    )
    assert.match((await tutorial.paste('5. Open the door', 1)).stdout, /ok/)
    assert.equal(JSON.parse((await tutorial.paste(knock)).stdout).status, 'accepted')
    assert.match(await heard('Fix invoice rounding'), /Look at what changed\. Say what could break/)
    await until(
      'the list says so',
      async () => /DELIVERED/i.test((await tutorial.paste(knock, 1)).stdout) || undefined,
      startMs,
    )
    assert.match((await tutorial.paste(knock, 2)).stdout, /"status":401/)
    await until('the refusal is explained', async () => {
      const { stdout } = await tutorial.paste(knock, 3)
      return /signature does not match/.test(stdout) || undefined
    })
  })
})
