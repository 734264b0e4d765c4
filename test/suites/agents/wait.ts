import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { AgentName } from '../../../scripts/test/agents.ts'
import { type AgentBench, openAgent } from '../../support/agents.ts'
import { post, until } from '../../support/hooks.ts'
import { session } from './stage.ts'
import { openTypedStage, type TypedAgent, type TypedStage } from './typed.ts'

const timeout = 480_000
/** A first turn may take minutes where many want the processor. */
const slowMs = 120_000
const what = 'CI run 4711'
const plan = 'rerun the e2e tests if red'
const responseSchema = {
  type: 'object',
  properties: { verdict: { enum: ['ship it', 'wait'] } },
  required: ['verdict'],
}
const order = { what, then: plan, key: 'ci-4711' }

interface WaitOptions {
  /** Its tools are registered by hand, not by the command that is printed. */
  readonly byHand?: boolean
  /** It also answers a caller by its tool `reply`. */
  readonly replies?: boolean
}

/**
 * A real agent in a terminal of ours gets its tools as `--print-config` says, asks to be woken and ends its turn; what comes to
 * the URL then is one new turn, and nothing was asked in between.
 */
export function testWait(
  name: AgentName,
  skip: string | false,
  agent: TypedAgent,
  { byHand = false, replies = false }: WaitOptions = {},
): void {
  describe(`${name} asks to be woken, through the built binary`, () => {
    let stage: TypedStage | undefined

    after(() => stage?.close())

    const reason = skip === false ? '' : ` [${skip}]`
    it(`and is, once, with what it waited for and what it planned${reason}`, { skip, timeout }, async () => {
      const bench = await openAgent(name)
      await register(bench, byHand)
      stage = await openTypedStage(bench, 'pty', agent)
      const asked = await stage.turn(`CALL:wait_for ${JSON.stringify(order)}`)
      assert.equal(asked.state, 'DELIVERED', JSON.stringify(asked))
      const { waitId, url } = await until('the wait is there', () => waitOf(bench), slowMs)
      const results = () => decidedBy(bench).filter(({ text }) => text?.startsWith('TOOL-RESULT'))
      await until('the model has the answer', () => results().length > 0 || undefined, slowMs)
      assert.ok(results()[0]?.text?.includes(waitId), JSON.stringify(results()))
      const before = bench.model.requests().length

      const knocked = await post(url, { conclusion: 'failure', run: 4711 }, { authorization: '' })
      assert.ok(knocked.status === 200 || knocked.status === 202, knocked.text)
      const woken = await bench.settled(stage.server(), knocked.body.deliveryId)
      assert.equal(woken.state, 'DELIVERED', JSON.stringify(woken))
      const wakes = () => bench.userMessages().filter((text) => text.includes(`[postern] wait ${waitId}`))
      await until('it is woken', () => wakes().length > 0 || undefined, slowMs)
      const [wake = '', ...more] = wakes()
      assert.deepEqual(more, [])
      for (const part of [what, plan, '"conclusion"', '4711']) assert.ok(wake.includes(part), wake)
      const later = decidedBy(bench).slice(before)
      assert.deepEqual(
        later.filter(({ call }) => call !== undefined),
        [],
        'it polled',
      )
      const again = await post(url, { run: 1 }, { authorization: '' })
      assert.equal(again.status, 403, again.text)
    })

    if (replies)
      it(`and answers who waits by reply, checked before they get it${reason}`, {
        skip,
        timeout,
      }, async () => {
        assert.ok(stage)
        const call = `CALL:reply ${JSON.stringify({ deliveryId: 'DELIVERY', json: { verdict: 'ship it' } })}`
        const asked = { session, message: call, responseSchema }
        const answered = await post(`${stage.server().url}/api/hooks/agent`, asked, { prefer: 'wait=120' })
        assert.equal(answered.status, 200, answered.text)
        assert.deepEqual(answered.body.response, { verdict: 'ship it' })
        const { state, responseFits } = await stage.bench.settled(stage.server(), answered.body.deliveryId)
        assert.deepEqual([state, responseFits], ['DELIVERED', true])
      })
  })
}

const exec = promisify(execFile)

/** As a person would: by the command that is printed, or by hand, where what is printed for that says more. */
async function register(bench: AgentBench, byHand: boolean): Promise<void> {
  if (byHand) return write(bench)
  const { stdout, stderr } = await bench.postern('mcp', '--print-config', bench.name)
  await exec('sh', ['-c', stdout], { env: bench.env, cwd: bench.place.cwd }).catch((thrown: unknown) => {
    throw new Error(`${stdout}${stderr}${thrown}`)
  })
}

async function write(bench: AgentBench): Promise<void> {
  const { stdout } = await bench.postern('mcp', '--print-config', bench.name, '--json')
  const { file, text } = JSON.parse(stdout)
  const path = join(bench.place.home, file.replace('~/', ''))
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...JSON.parse(text) }))
}

/** The wait of that key, as its own agent sees it; undefined until it is there. */
async function waitOf({ home }: AgentBench): Promise<{ waitId: string; url: string } | undefined> {
  const run = join(home, 'run')
  const [file = ''] = (await readdir(run)).filter((entry) => entry.endsWith('.self'))
  const { token } = JSON.parse(await readFile(join(run, file), 'utf8'))
  const { url } = JSON.parse(await readFile(join(run, 'server.json'), 'utf8'))
  const authorization = `Bearer ${token}`
  const listed = await (await fetch(`${url}/agent/waits`, { headers: { authorization } })).json()
  if (listed.waits.length === 0) return undefined
  assert.equal(listed.waits.length, 1)
  const { body } = await post(`${url}/agent/waits`, order, { authorization })
  return { waitId: String(body.waitId), url: String(body.url) }
}

const decidedBy = ({ model }: AgentBench) =>
  model.requests().map(({ decided }) => decided as { readonly text?: string; readonly call?: unknown })
