import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { AgentName } from '../../../scripts/test/agents.ts'
import { type AgentBench, openAgent } from '../../support/agents.ts'
import type { ShownDecision } from '../../support/asking.ts'
import type { Served } from '../../support/binary.ts'
import { form, pageAt, proofAt } from '../../support/decide-page.ts'
import { configure, hooks, post, until } from '../../support/hooks.ts'

/** What a test knows of an agent with requests on its wire. */
interface DecidedAgent {
  readonly name: AgentName
  readonly skip: string | false
  /** How its model is told to want a permission: `TOOL` or, where a sandbox is in the way, `ESC`. */
  readonly wants: 'TOOL' | 'ESC'
  /** The tool by which it asks a person, who chooses among answers. */
  readonly questions: string
  readonly env?: Readonly<Record<string, string>>
  /** Starts what the session reaches. Returns what follows `session add <id>`, and the person who sits there. */
  readonly open: (bench: AgentBench) => Promise<OpenedAgent>
}

interface OpenedAgent {
  readonly add: readonly string[]
  /** Allows what is asked, at the agent itself; absent where nobody sits there. */
  readonly allow?: () => Promise<void>
  /** Answers its question there. */
  readonly answer?: () => Promise<void>
  readonly close?: () => Promise<void>
}

const session = 'wired'
const timeout = 300_000
/** A first turn takes long where many want the processor. */
const slowMs = 150_000
const question = 'Which colour do you want?'
const choices = {
  questions: [
    {
      ...{ id: 'colour', header: 'Colour', question, multiSelect: false },
      options: [
        { label: 'red', description: 'warm' },
        { label: 'blue', description: 'cold' },
      ],
    },
  ],
}

/** A real agent's permissions, decided by their pages or where it runs, and a question of its own. */
export function testDecided(title: string, agent: DecidedAgent): void {
  describe(`${title}, whose permissions are decided from afar`, () => {
    let bench: AgentBench
    let server: Served
    let opened: OpenedAgent
    const options = { skip: agent.skip, timeout }

    before(async () => {
      if (agent.skip) return
      bench = await openAgent(agent.name, agent.env)
      configure(bench.home, { ...hooks(), sessions: { allow: ['*'] } })
      opened = await agent.open(bench)
      server = await bench.serve()
      await until('it is a session', isAdded, slowMs)
    }, options)

    after(async () => {
      await server?.stop()
      await opened?.close?.()
      await bench?.close()
    })

    let complaint = ''
    /** What is to be reached may not be there yet. */
    const isAdded = async () => {
      const [driver = '', ...rest] = opened.add
      const added = await bench.postern(
        ...['session', 'add', session, '--driver', driver, '--decisions', ...rest],
      )
      complaint = added.stderr
      return added.code === 0 || undefined
    }
    const file = (name: string) => join(bench.place.cwd, '..', name)
    const begin = async (message: string) => {
      const { body, text } = await post(`${server.url}/api/hooks/agent`, { session, message })
      assert.ok(body.deliveryId, text)
      return body.deliveryId
    }
    const json = async (...args: readonly string[]) => {
      const { stdout, stderr } = await bench.postern(...args, '--json')
      assert.notEqual(stdout, '', stderr)
      return JSON.parse(stdout)
    }
    const newest = async (): Promise<ShownDecision | undefined> => (await json('decide', 'ls', '--all'))[0]
    const stateOf = async ({ id }: ShownDecision) =>
      (await json('decide', 'ls', '--all')).find((one: ShownDecision) => one.id === id)?.state

    /** A message that wants a permission. Resolves with its delivery, what is asked and the page that decides. */
    const ask = async (name: string) => {
      const id = await begin(`${agent.wants}:touch ${file(name)}`)
      const decision = await until(
        `it asks for ${name}${complaint}`,
        async () => {
          const one = await newest()
          return one?.state === 'open' && one.title.includes(file(name)) ? one : undefined
        },
        slowMs,
      )
      const { url } = await json('decide', decision.id)
      return { id, decision, url: String(url), proof: await proofAt(url) }
    }

    it('allowed by its page the tool runs, and its turn ends', options, async () => {
      const { id, url, proof } = await ask('allowed')
      assert.equal(existsSync(file('allowed')), false)
      const answer = await fetch(url, form({ verdict: 'allow', proof }))
      assert.equal(answer.status, 200)
      assert.match(await answer.text(), /It was allowed by its link/)
      const delivery = await bench.settled(server, id)
      assert.equal(delivery.state, 'DELIVERED', JSON.stringify(delivery))
      assert.equal(existsSync(file('allowed')), true)
    })

    it('denied by its page the tool does not run, and its turn ends', options, async () => {
      const { id, url, proof } = await ask('denied')
      assert.equal((await fetch(url, form({ verdict: 'deny', proof }))).status, 200)
      const { state } = await bench.settled(server, id)
      assert.ok(state === 'DELIVERED' || state === 'FAILED')
      assert.equal(existsSync(file('denied')), false)
      assert.match((await pageAt(url)).text, /It was denied by its link/)
    })

    it('answered where it runs the page says so, and refuses what comes late', options, async () => {
      const { id, decision, url, proof } = await ask('late')
      if (opened.allow) await opened.allow()
      else await bench.postern('session', 'cancel', session)
      const over = opened.allow ? 'elsewhere' : 'withdrawn'
      await until('the decision is over', async () => (await stateOf(decision)) === over || undefined)
      const late = await fetch(url, form({ verdict: 'deny', proof }))
      assert.equal(late.status, 409)
      const happened = opened.allow ? /answered where the agent runs/ : /The agent asks no more/
      assert.match(await late.text(), happened)
      const page = await pageAt(url)
      assert.match(page.text, happened)
      assert.doesNotMatch(page.text, /<form/)
      await bench.settled(server, id)
      assert.equal(existsSync(file('late')), opened.allow !== undefined)
      // The scripted model speaks of a tool that was taken back before it reads on.
      await bench.settled(server, await begin('SAY:and on'))
    })

    it('a question of its own is told in its words, and left to who sits there', options, async () => {
      const id = await begin(`CALL:${agent.questions} ${JSON.stringify(choices)}`)
      const seen = await until(
        'it is blocked',
        async () => {
          const { activity, asks } = await json('session', 'show', session)
          return activity === 'blocked' ? asks : undefined
        },
        slowMs,
      )
      assert.equal(seen, `an answer: ${question}`)
      assert.deepEqual(await json('decide', 'ls'), [])
      if (opened.answer) await opened.answer()
      else await bench.postern('session', 'cancel', session)
      const delivery = await bench.settled(server, id)
      assert.equal(delivery.state, opened.answer ? 'DELIVERED' : 'FAILED', JSON.stringify(delivery))
    })
  })
}
