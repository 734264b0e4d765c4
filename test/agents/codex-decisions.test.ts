import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Deciders, openDeciders } from '../support/agents/decisions.ts'
import { openPane, type Pane } from '../support/agents/pane.ts'
import { type AgentBench, openAgent, without } from '../support/agents.ts'
import { binary } from '../support/binary.ts'
import { until } from '../support/hooks.ts'

const skip = without('codex')
const options = { skip, timeout: 150_000 }
const startMs = 100_000

describe('codex in the terminal of a person, whose permissions are decided from afar', () => {
  let bench: AgentBench
  let pane: Pane
  let deciders: Deciders

  before(async () => {
    if (skip) return
    bench = await openAgent('codex')
    const run = ['run', '--session', 'desk', '--decisions']
    const printed = await bench.postern(...run, '--decision-wait', '15s', '--print-hooks', '--', 'codex')
    assert.equal(printed.code, 0, printed.stderr)
    await mkdir(join(bench.place.home, '.codex'), { recursive: true })
    await writeFile(join(bench.place.home, '.codex/hooks.json'), printed.stdout)
    const env = { ...bench.env, POSTERN_HOME: bench.home }
    pane = await openPane({ ...bench, env }, [...binary(), ...run, '--', 'codex'])
  })

  after(async () => {
    await deciders?.close()
    await bench?.postern('session', 'end', 'desk')
    await pane?.close()
    await bench?.close()
  })

  const shown = async (what: RegExp) => what.test(await pane.screen()) || undefined
  const file = (name: string) => join(bench.place.cwd, '..', name)
  const ask = async (name: string) => {
    await pane.write(`ESC:touch ${file(name)}`)
    await pane.shows(new RegExp(`touch ${file(name)}`))
    await pane.press('Enter')
    return deciders.asked()
  }

  it('allowed while its hook runs, no dialog shows, and the tool runs', options, async () => {
    await until('codex asks', () => shown(/Hooks need review/), startMs)
    // A key that comes right behind the dialog is overlooked.
    await until('all are chosen', async () => (await shown(/› 2\. Trust all/)) ?? pane.press('2'))
    await pane.press('Enter')
    await until('codex is ready', () => shown(/Ask Codex to do anything/), startMs)
    deciders = await openDeciders(bench.home)
    const decision = await ask('allowed')
    assert.equal(decision.request.title, `Bash: touch ${file('allowed')}`)
    assert.equal((await deciders.decide(decision, 'allow')).state, 'allowed')
    await until('the tool ran', () => existsSync(file('allowed')) || undefined)
    await pane.shows(/Ran touch/)
  })

  it('denied, it says so and goes on', options, async () => {
    assert.equal((await deciders.decide(await ask('denied'), 'deny')).state, 'denied')
    await pane.shows(/The user denied this/)
    assert.equal(existsSync(file('denied')), false)
  })

  it('decided by nobody in time, its dialog shows, and the person decides', options, async () => {
    const decision = await ask('desk')
    assert.equal((await deciders.over(decision)).state, 'expired')
    await pane.shows(/Would you like to run/)
    await assert.rejects(deciders.decide(decision, 'allow'), { code: 'decided_already' })
    await until('the tool ran', async () => existsSync(file('desk')) || pane.press('y'))
  })
})
