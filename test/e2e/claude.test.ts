import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { configure, hooks, post, settled, until } from '../support/hooks.ts'

const program = fileURLToPath(new URL('../fixtures/fake-claude.mjs', import.meta.url))
const timeout = 60_000

describe('a Claude Code that a person has open', () => {
  let home: string
  let agent: ChildProcess
  let server: Served
  let env: Readonly<Record<string, string>>

  const ask = async (message: string, wait = 0) =>
    post(`${server.url}/api/hooks/agent`, { message }, { prefer: `wait=${wait}` })
  const prompts = async (): Promise<readonly string[]> =>
    (await readFile(join(env.FAKE_CLAUDE_DIR ?? '', 'prompts.jsonl'), 'utf8'))
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))

  before(async () => {
    home = await scratchHome()
    configure(home, { ...hooks(), server: { drainSeconds: 1 } })
    const folder = join(dirname(home), 'desk')
    await mkdir(folder)
    env = { CLAUDE_CONFIG_DIR: join(folder, 'config'), FAKE_CLAUDE_DIR: join(folder, 'agent') }
    const runtime = 'Deno' in globalThis ? ['run', '-A', program] : [program]
    const stdio = ['ignore', 'pipe', 'inherit'] as const
    agent = spawn(process.execPath, runtime, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: [...stdio],
    })
    await new Promise((resolve) => agent.stdout?.once('data', resolve))
    server = await serve(home, { env })
    const added = await cli(['session', 'add', 'webhook-agent', '--driver', 'claude'], { home, env })
    assert.equal(added.code, 0, added.stderr)
  })

  after(async () => {
    await server?.stop()
    agent?.kill('SIGKILL')
  })

  it('answers a hook with what it said', { timeout }, async () => {
    const { status, body } = await ask('TOOL hello', 20)
    assert.equal(status, 200)
    assert.equal(body.response, 'ECHO[1]: TOOL hello')
  })

  for (const how of ['kill9', 'stop'] as const)
    it(`takes a message once, and its answer is found after ${how} of the server`, { timeout }, async () => {
      const text = `SLOW:3 through ${how}`
      const { body } = await ask(text)
      await until('it arrived', async () => (await prompts()).includes(text) || undefined)
      await server[how]()
      server = await serve(home, { env })
      const delivery = await settled(home, server, body.deliveryId)
      assert.equal(delivery.state, 'DELIVERED', JSON.stringify(delivery))
      assert.match(delivery.answer ?? '', new RegExp(text))
      assert.equal((await prompts()).filter((prompt) => prompt === text).length, 1)
    })

  it('holds what comes once it has ended, for the one that is opened in its place', { timeout }, async () => {
    agent.kill('SIGKILL')
    const { status, body } = await ask('anybody', 2)
    assert.equal(status, 202)
    assert.equal(body.reason, 'offline')
  })
})
