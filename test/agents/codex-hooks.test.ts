import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openPane, type Pane } from '../support/agents/pane.ts'
import { type AgentBench, openAgent, without } from '../support/agents.ts'
import { binary, type Served } from '../support/binary.ts'
import { configure, hooks, post, type Shown, until } from '../support/hooks.ts'

const skip = without('codex')
const options = { skip, timeout: 150_000 }
const startMs = 100_000

for (const via of ['tmux', 'pty'] as const)
  describe(`codex with hooks, typed to by ${via}`, () => {
    let bench: AgentBench
    let server: Served
    let pane: Pane

    const begin = async (message: string) => {
      const asked = { session: 'typed', message }
      const { body } = await post(`${server.url}/api/hooks/agent`, asked, { prefer: 'wait=0' })
      return body.deliveryId
    }
    const turn = async (message: string): Promise<Shown> => bench.settled(server, await begin(message))
    const session = async () =>
      JSON.parse((await bench.postern('session', 'show', 'typed', '--json')).stdout) as {
        readonly activity: string
        readonly asks: string | null
      }

    before(async () => {
      if (skip) return
      bench = await openAgent('codex')
      configure(bench.home, { ...hooks(), sessions: { allow: ['*'] } })
      server = await bench.serve()
      pane = await (via === 'tmux' ? openInPane() : openByRun())
    })

    const shown = async (what: RegExp) => what.test(await pane.screen()) || undefined

    /** The pane is there before its agent, because the hooks name its session. */
    const openInPane = async (): Promise<Pane> => {
      const opened = await openPane(bench, ['sh'])
      const target = ['--target', opened.target, '--socket', opened.socket, '--set', 'agent=codex']
      await writeHooks('session', 'add', 'typed', '--driver', 'tmux', ...target, '--print-hooks')
      await opened.write('codex')
      await opened.press('Enter')
      return opened
    }

    const openByRun = async (): Promise<Pane> => {
      await writeHooks('run', '--session', 'typed', '--print-hooks', '--', 'codex')
      const command = [...binary(), 'run', '--session', 'typed', '--', 'codex']
      return openPane({ ...bench, env: { ...bench.env, POSTERN_HOME: bench.home } }, command)
    }

    const writeHooks = async (...args: readonly string[]) => {
      const { code, stdout, stderr } = await bench.postern(...args)
      assert.equal(code, 0, stderr)
      await mkdir(join(bench.place.home, '.codex'), { recursive: true })
      await writeFile(join(bench.place.home, '.codex/hooks.json'), stdout)
    }

    after(async () => {
      await server?.stop()
      if (via === 'pty') await bench?.postern('session', 'end', 'typed')
      await pane?.close()
      await bench?.close()
    })

    it('asks its person once whether to trust them', options, async () => {
      // It copies itself for its daemon first.
      await until('codex asks', () => shown(/Hooks need review/), startMs)
      // A key that comes right behind the dialog is overlooked.
      await until('all are chosen', async () => (await shown(/› 2\. Trust all/)) ?? pane.press('2'))
      await pane.press('Enter')
      await until('codex is ready', () => shown(/Ask Codex to do anything/), startMs)
    })

    it('tells what it took, and answers with its last words alone', options, async () => {
      // From the first message on it is known that its hooks tell.
      assert.equal((await turn('SAY:good morning')).answer, 'good morning')
      const delivery = await turn('TOOL:echo through-$((40+2))')
      assert.equal(delivery.state, 'DELIVERED', JSON.stringify(delivery))
      assert.match(delivery.answer ?? '', /^TOOL-RESULT:[^›]*through-42\s*$/)
      const { stdout } = await bench.postern('deliveries', 'show', String(delivery.id))
      assert.match(stdout, /evidence: ack/)
      assert.doesNotMatch(stdout, /inferred/)
    })

    it('a long paste is one turn, with its own answer', options, async () => {
      const lines = Array.from({ length: 300 }, (_, i) => `line ${i} with "quotes", Grüße and 🎉`)
      const { state, answer } = await turn([...lines, 'SAY:read it all'].join('\n'))
      assert.deepEqual([state, answer], ['DELIVERED', 'read it all'])
    })

    it("a failed model is FAILED with codex's own words", options, async () => {
      const { state, detail } = await turn('FAIL:400')
      assert.equal(state, 'FAILED')
      assert.match(detail ?? '', /fake failure/)
      assert.equal((await turn('SAY:and again')).answer, 'and again')
    })

    it('says what it asks for, and goes on when its person has answered', options, async () => {
      const touched = join(bench.place.cwd, '..', 'touched')
      const asked = await begin(`ESC:touch ${touched}`)
      await pane.shows(/Would you like to run/)
      await until('it is blocked', async () => (await session()).activity === 'blocked' || undefined)
      assert.match((await session()).asks ?? '', /run the following command.*touch/)
      const next = await begin('SAY:next')
      await pane.press('y')
      assert.equal((await bench.settled(server, asked)).state, 'DELIVERED')
      assert.equal((await bench.settled(server, next)).answer, 'next')
      assert.equal(existsSync(touched), true)
    })
  })
