import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Deciders, openDeciders } from '../support/agents/decisions.ts'
import { openPane, type Pane } from '../support/agents/pane.ts'
import { type AgentBench, openAgent, without } from '../support/agents.ts'
import { binary } from '../support/binary.ts'
import { until } from '../support/hooks.ts'

const skip = without('claude')
const options = { skip, timeout: 150_000 }
const startMs = 100_000

describe('Claude Code in the terminal of a person, whose permissions are decided from afar', () => {
  let bench: AgentBench
  let pane: Pane
  let deciders: Deciders

  before(async () => {
    if (skip) return
    bench = await openAgent('claude')
    const run = ['run', '--session', 'desk', '--decisions']
    const printed = await bench.postern(...run, '--print-hooks', '--', 'claude')
    assert.equal(printed.code, 0, printed.stderr)
    const settings = join(bench.place.home, 'hooks.json')
    await writeFile(settings, await withSlowMail(printed.stdout))
    const claude = ['claude', '--settings', settings, '--permission-mode', 'default']
    const env = { ...bench.env, POSTERN_HOME: bench.home }
    pane = await openPane({ ...bench, env }, [...binary(), ...run, '--', ...claude])
  })

  /** The same hooks, but the permission's own keeps its word back as long as the file `hold` is there. */
  const withSlowMail = async (printed: string) => {
    const mail = file('mail.sh')
    const lines = [
      'word=$("$@")',
      `while [ -e '${file('hold')}' ]; do touch '${file('word')}'; sleep 0.1; done`,
    ]
    await writeFile(mail, [...lines, 'printf %s "$word"', ''].join('\n'))
    const settings = JSON.parse(printed)
    const [hook] = settings.hooks.PermissionRequest[0].hooks
    hook.command = `sh ${mail} ${hook.command}`
    return JSON.stringify(settings)
  }

  after(async () => {
    await deciders?.close()
    await bench?.postern('session', 'end', 'desk')
    await pane?.close()
    await bench?.close()
  })

  const file = (name: string) => join(bench.place.cwd, '..', name)
  /** The person asks for something that wants a permission. */
  const ask = async (name: string) => {
    await pane.write(`TOOL:touch ${file(name)}`)
    await pane.shows(new RegExp(`touch ${file(name)}`))
    await pane.press('Enter')
    await pane.shows(/Do you want to proceed/)
  }
  /** A key that comes right behind the dialog is overlooked. */
  const answerDialog = async (key: string) => {
    const isGone = async () => !/Do you want to proceed/.test(await pane.screen()) || undefined
    for (const end = Date.now() + startMs; Date.now() < end; ) {
      await pane.press(key)
      if (await until('the dialog is gone', isGone, 3000).catch(() => false)) return
    }
  }
  const isOver = async (decision: Awaited<ReturnType<Deciders['asked']>>) => {
    await assert.rejects(deciders.decide(decision, 'allow'), { code: 'decided_already' })
  }

  it('a decision from afar closes its dialog: the tool runs, and the screen says why', options, async () => {
    await until('it is ready', async () => /❯/.test(await pane.screen()) || undefined, startMs)
    await ask('allowed')
    deciders = await openDeciders(bench.home)
    const decision = await deciders.asked()
    assert.equal(decision.request.title, `Bash: touch ${file('allowed')}`)
    assert.match(decision.request.detail, /"command": "touch /)
    assert.equal(existsSync(file('allowed')), false)
    assert.equal((await deciders.decide(decision, 'allow')).state, 'allowed')
    await pane.shows(/Allowed by PermissionRequest hook/)
    await until('the tool ran', () => existsSync(file('allowed')) || undefined)
    await isOver(decision)
  })

  it('denied from afar the tool does not run, and the turn goes on', options, async () => {
    await ask('denied')
    assert.equal((await deciders.decide(await deciders.asked(), 'deny')).state, 'denied')
    await pane.shows(/The user denied this/)
    assert.equal(existsSync(file('denied')), false)
  })

  it('the person at the desk is first: the decision is over, and says so', options, async () => {
    for (const [name, key] of [
      ['desk', '1'],
      ['refused', 'Escape'],
    ] as const) {
      await ask(name)
      const decision = await deciders.asked()
      await answerDialog(key)
      const over = await deciders.over(decision)
      assert.ok(['elsewhere', 'withdrawn'].includes(over.state), JSON.stringify(over))
      await isOver(decision)
    }
    await until('the tool ran', () => existsSync(file('desk')) || undefined)
    assert.equal(existsSync(file('refused')), false)
  })

  it(
    'answered at the desk while the word is on its way, the desk counts, and the door says so',
    options,
    async () => {
      // The scripted model speaks of the tool that was refused before it reads on.
      await pane.write('SAY:and on')
      await pane.shows(/SAY:and on/)
      await pane.press('Enter')
      await pane.shows(/TOOL-RESULT: The user doesn't want/)
      await writeFile(file('hold'), '')
      await ask('crossed')
      const decision = await deciders.asked()
      const late = assert.rejects(deciders.decide(decision, 'allow'), {
        code: 'decided_already',
        message: /answered at the agent in the same moment/,
      })
      await until('the hook has its word', () => existsSync(file('word')) || undefined)
      await answerDialog('Escape')
      await rm(file('hold'))
      await late
      assert.equal((await deciders.over(decision)).state, 'elsewhere')
      assert.equal(existsSync(file('crossed')), false)
    },
  )
})
