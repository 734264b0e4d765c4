import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { noTmux } from '../drivers/tmux/harness.ts'
import { binary, cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { configure, hooks, post, settled, until } from '../support/hooks.ts'

const exec = promisify(execFile)
const linux = process.platform === 'linux' ? false : 'reads /proc'
const noPane = linux || (noTmux() ?? false)
const timeout = 120_000

const line = (id: number, method: string, params: object) =>
  `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`
const hello = line(1, 'initialize', {
  ...{ protocolVersion: '2025-11-25', capabilities: {} },
  clientInfo: { name: 'test', version: '1' },
})
const waitFor = (key: string) =>
  hello + line(2, 'tools/call', { name: 'wait_for', arguments: { what: 'CI run 4711', then: 'merge', key } })

interface Answer {
  readonly id: number
  readonly result: {
    readonly isError?: boolean
    readonly content?: readonly { readonly text: string }[]
    readonly structuredContent?: { readonly waitId: string; readonly url: string; readonly note: string }
  }
}

/** Fails where anything but JSON-RPC was written. */
const answersIn = (stdout: string): readonly Answer[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((text) => {
      const answer = JSON.parse(text)
      assert.equal(answer.jsonrpc, '2.0')
      return answer
    })

/** A client in a shell: it keeps its end open until it has the answer. */
const clientOf = (id: string, by: string): string =>
  `{ cat ${id}.in; until grep -q '"id":2}' ${id}.out; do sleep 0.1; done; } | ${by} ${binary().join(' ')} mcp > ${id}.out`

/** Nothing of the test's own environment. */
const clean = (home: string) => ({
  ...{ PATH: process.env.PATH ?? '', HOME: dirname(home), POSTERN_HOME: home },
  ...(process.env.DENO_DIR && { DENO_DIR: process.env.DENO_DIR }),
})

const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8'))

describe('postern mcp', () => {
  let home: string
  let folder: string
  let server: Served

  before(async () => {
    home = await scratchHome()
    folder = join(dirname(home), 'work')
    await mkdir(folder)
    configure(home, { ...hooks(), sessions: { allow: ['*'] } })
    server = await serve(home)
  })
  after(() => server?.stop())

  const run = async (...args: readonly string[]) => {
    const ran = await cli(args, { home })
    assert.equal(ran.code, 0, ran.stderr)
    return ran
  }
  /** The result of the tool, as a client that was started with `env` gets it. */
  const called = async (input: string, env: Readonly<Record<string, string>> = {}) => {
    const [program, ...args] = [...binary(), 'mcp']
    const client = spawn(program, args, {
      env: { ...clean(home), ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const ended = once(client, 'exit')
    let stdout = ''
    client.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    client.stdin.write(input)
    const answer = await until('it answers', () => answersIn(stdout).find(({ id }) => id === 2), 60_000)
    client.stdin.end()
    assert.deepEqual(await ended, [0, null])
    return { ...answer.result, text: answer.result.content?.[0]?.text ?? '' }
  }
  const selfFiles = async () =>
    (await readdir(join(home, 'run')))
      .filter((name) => name.endsWith('.self'))
      .map((name) => join(home, 'run', name))
  /** A session whose agent is a client of `postern mcp`; `by` is what it is started with. */
  const addAgent = async (id: string, by = '') => {
    await writeFile(join(folder, `${id}.in`), waitFor(id))
    const script = `cat >> ${id}.messages; test -f ${id}.out || ${clientOf(id, by)}`
    await run('session', 'add', id, '--driver', 'command', '--cwd', folder, '--', 'sh', '-c', script)
  }
  const said = async (id: string) => answersIn(await readFile(join(folder, `${id}.out`), 'utf8'))
  const knock = async (session: string) => {
    const { body } = await post(
      `${server.url}/api/hooks/agent`,
      { session, message: 'begin' },
      { prefer: 'wait=0' },
    )
    return settled(home, server, body.deliveryId)
  }

  it('writes nothing but JSON-RPC, whatever comes, and ends with its input', { timeout }, async () => {
    const input = `garbage\n{"half":\n${'x'.repeat(10_485_760)}\n${hello}${line(2, 'tools/list', {})}`
    const { code, stdout, stderr } = await cli(['mcp'], { home, input })
    assert.equal(code, 0)
    const ids = answersIn(stdout).map(({ id }) => id)
    assert.deepEqual(ids, [1, 2])
    assert.match(stderr, /no JSON-RPC[\s\S]*A line of 10485760 characters was passed over/)
  })

  it('lists its tools outside of every session, and says there what to do', { timeout }, async () => {
    const { isError, text } = await called(waitFor('outside'))
    assert.equal(isError, true)
    assert.match(text, /not inside a Postern session.*postern run --session/)
  })

  for (const [id, by, skip] of [
    ['own', '', false],
    // As codex starts its servers: without a variable of ours.
    ['cleaned', 'env -u POSTERN_SELF -u POSTERN_SESSION', linux],
  ] as const)
    it(`opens a wait for the agent in whose session it runs [${id}], and the answer wakes it`, {
      skip,
      timeout,
    }, async () => {
      await addAgent(id, by)
      assert.equal((await knock(id)).state, 'DELIVERED')
      const wait = (await said(id))[1]?.result.structuredContent
      assert.match(wait?.note ?? '', /you will be woken here/)
      const { status, text, body } = await post(
        wait?.url ?? '',
        { conclusion: 'failure' },
        { authorization: '' },
      )
      assert.ok(status === 200 || status === 202, text)
      assert.equal((await settled(home, server, body.deliveryId)).state, 'DELIVERED')
      const messages = await readFile(join(folder, `${id}.messages`), 'utf8')
      for (const part of [`[postern] wait ${wait?.waitId} answered`, 'CI run 4711', 'merge', '"failure"'])
        assert.ok(messages.includes(part), messages)
    })

  it('goes on after the server was killed, and not after the session was opened anew', {
    timeout,
  }, async () => {
    await addAgent('long')
    await knock('long')
    const [before] = (await said('long')).slice(1)
    const files = await Promise.all(
      (await selfFiles()).map(async (path) => ({ path, ...(await readJson(path)) })),
    )
    const self = { POSTERN_SELF: files.find(({ session }) => session === 'long')?.path ?? '' }
    await server.kill9()
    assert.match((await called(waitFor('long'), self)).text, /The server cannot be reached.*postern serve/)
    server = await serve(home)
    const again = await called(waitFor('long'), self)
    assert.equal(again.structuredContent?.waitId, before?.result.structuredContent?.waitId)
    await run('session', 'add', 'long', '--driver', 'inbox', '--replace')
    const { isError, text } = await called(waitFor('long'), self)
    assert.equal(isError, true)
    assert.match(text, /is over: it ended, or was opened anew/)
    await until('the file is gone', async () => !existsSync(self.POSTERN_SELF) || undefined)
  })

  it('leaves no capability behind when a session ends', { timeout }, async () => {
    await addAgent('short')
    await knock('short')
    const before = await selfFiles()
    await run('session', 'end', 'short')
    assert.equal((await selfFiles()).length, before.length - 1)
    const { stdout } = await run('ls', '--session', 'short', '--json')
    const own = (JSON.parse(stdout) as { verbs: string[]; revoked: boolean }[]).filter(({ verbs }) =>
      verbs.includes('mint_own'),
    )
    assert.deepEqual(
      own.map(({ revoked }) => revoked),
      [true],
    )
  })

  it('proves by descent that it is in a registered pane', { skip: noPane, timeout }, async () => {
    const socket = join(folder, 'tmux')
    const tmux = (...args: readonly string[]) => exec('tmux', ['-S', socket, '-f', '/dev/null', ...args])
    await writeFile(join(folder, 'pane.in'), waitFor('pane'))
    const by = `env -i PATH="$PATH" HOME="$HOME" DENO_DIR="$DENO_DIR" POSTERN_HOME=${home}`
    const script = `read line; ${clientOf('pane', by)}; touch pane.over; cat`
    await tmux('new-session', '-d', '-s', 'agent', '-c', folder, 'sh', '-c', script)
    try {
      await run('session', 'add', 'pane', '--driver', 'tmux', '--target', '=agent:', '--socket', socket)
      await tmux('send-keys', '-t', '=agent:', 'Enter')
      await until('it has asked', () => existsSync(join(folder, 'pane.over')) || undefined, 60_000)
      const [, answer] = await said('pane')
      assert.match(answer?.result.structuredContent?.waitId ?? JSON.stringify(answer), /^w_/)
    } finally {
      await tmux('kill-server')
    }
  })
})
