import assert from 'node:assert/strict'
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connectTo } from '../../src/drivers/codex/app-server.ts'
import { begin } from '../../src/drivers/codex/thread.ts'
import { notesDir } from '../drivers/agent-process/bench.ts'
import { type FakeServer, fakeServer } from '../drivers/codex/harness.ts'
import { eventually } from '../suites/driver.ts'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { configure, hooks, secret } from '../support/hooks.ts'

interface Stage {
  readonly home: string
  readonly codex: FakeServer
  prompts(): Promise<readonly string[]>
}

/** A person's conversation on a server that outlives Postern, registered as `coder`. */
const staged = (title: string, body: (stage: Stage) => Promise<void>) =>
  test(title, { timeout: 120_000 }, async () => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'postern-codex-e2e-')))
    const codex = fakeServer(folder)
    try {
      await codex.start()
      const home = await scratchHome()
      configure(home, { ...hooks(), sessions: { allow: ['coder'] } })
      const person = await connectTo({ path: codex.socket }, AbortSignal.timeout(20_000))
      await begin(person, folder)
      const added = await cli(['session', 'add', 'coder', '--driver', 'codex', '--socket', codex.socket], {
        home,
      })
      assert.equal(added.code, 0, added.stderr)
      const prompts = async () => {
        const lines = await readFile(join(notesDir(folder), 'prompts.jsonl'), 'utf8').catch(() => '')
        return lines.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as string]))
      }
      await body({ home, codex, prompts })
    } finally {
      await codex.kill()
      await rm(folder, { recursive: true, force: true })
    }
  })

async function ask({ url }: Served, message: string, wait: number) {
  const headers = {
    'content-type': 'application/json',
    authorization: `Bearer ${secret}`,
    prefer: `wait=${wait}`,
  }
  const body = JSON.stringify({ message, session: 'coder' })
  const response = await fetch(`${url}/api/hooks/agent`, { method: 'POST', headers, body })
  return (await response.json()) as { readonly deliveryId: string; readonly response?: string }
}

interface Shown {
  readonly state: string
  readonly heldBecause?: string
  readonly answer?: string
}

async function stateOf({ home }: Stage, id: string): Promise<Shown> {
  return JSON.parse((await cli(['deliveries', 'show', id, '--json'], { home })).stdout)
}

const ended = (stage: Stage, id: string) =>
  eventually(async () => /DELIVERED|FAILED/.test((await stateOf(stage, id)).state), 'it is over')

staged('a turn that codex goes on with is found again after kill -9 of the server', async (stage) => {
  const server = await serve(stage.home)
  const { deliveryId } = await ask(server, 'CHATTY SLOW:3', 0)
  await eventually(async () => (await stage.prompts()).length === 1, 'it arrived')
  await server.kill9()
  const next = await serve(stage.home)
  await ended(stage, deliveryId)
  const { state, answer } = await stateOf(stage, deliveryId)
  assert.deepEqual([state, answer], ['DELIVERED', 'on it.\nECHO[1]: CHATTY SLOW:3'])
  assert.equal((await ask(next, 'and now', 20)).response, 'ECHO[2]: and now')
  assert.deepEqual(await stage.prompts(), ['CHATTY SLOW:3', 'and now'])
  await next.stop()
})

for (const text of ['CHATTY SLOW:600', 'SLOW:600'])
  staged(`a message whose turn died with codex is not sent again: ${text}`, async (stage) => {
    const server = await serve(stage.home)
    const { deliveryId } = await ask(server, text, 0)
    await eventually(async () => (await stage.prompts()).length === 1, 'it arrived')
    await eventually(async () => /clientId/.test(await stage.codex.kept()), 'it is written down')
    await stage.codex.kill()
    await eventually(async () => (await stateOf(stage, deliveryId)).heldBecause === 'offline', 'it is held')
    const meanwhile = await ask(server, 'meanwhile', 0)
    await stage.codex.start()
    await ended(stage, deliveryId)
    assert.equal((await stateOf(stage, deliveryId)).state, 'FAILED')
    await ended(stage, meanwhile.deliveryId)
    assert.equal((await stateOf(stage, meanwhile.deliveryId)).answer, 'ECHO[2]: meanwhile')
    assert.deepEqual(await stage.prompts(), [text, 'meanwhile'])
    await server.stop()
  })

staged('a conversation that codex does not know any more has ended', async ({ home, codex }) => {
  const server = await serve(home)
  const url = (await cli(['expose', '--session', 'coder', '--quiet'], { home })).stdout.trim()
  await codex.kill()
  await codex.start()
  const path = new URL(url).pathname
  const knock = () =>
    fetch(server.url + path, { method: 'POST', body: 'hi', headers: { 'content-type': 'text/plain' } })
  assert.equal((await knock()).status, 410)
  assert.equal((await knock()).status, 410)
  await server.stop()
})
