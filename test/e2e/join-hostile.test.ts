import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Door, knock, openDoor } from '../support/fleet.ts'
import { adminToken } from '../support/hooks.ts'

/** Something of this machine that hears when anybody connects to it. */
async function listener(where: string | { readonly port: 0; readonly host: string }) {
  let heard = 0
  const server = createServer((socket) => {
    heard++
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(where, resolve))
  const bound = server.address()
  const port = typeof bound === 'object' && bound ? bound.port : 0
  return { port, heard: () => heard, close: () => new Promise((resolve) => server.close(resolve)) }
}

/** Sessions of each kind whose settings would start a program, connect to something, or read files, where they are believed. */
function traps(mark: string, socket: string, port: number, pid: number) {
  const command = ['sh', '-c', `touch ${mark}`]
  const cwd = dirname(mark)
  const own = { command, cwd, permissions: [] }
  const pane = { target: '%0', socket, serverPid: pid, serverStart: '0', paneId: '%0', panePid: pid, cwd }
  const held = { socket, holderPid: pid, holderStart: '0', childPid: pid, childStart: '0', command, cwd }
  const url = `http://127.0.0.1:${port}`
  return {
    ...{ command: { command, cwd }, acp: own, pi: own, 'claude-stream': { ...own, agent: 'claude' } },
    ...{ codex: { ...own, server: { kind: 'command' } }, pty: held, tmux: { ...pane, multiline: 'flatten' } },
    claude: { configDir: cwd, process: { pid, start: '0' }, sessionId: crypto.randomUUID(), cwd },
    opencode: { url, username: 'opencode', password: { env: 'PATH' } },
    http: { url, method: 'POST', headers: { x: { env: 'PATH' } }, timeoutMs: 1000 },
  }
}

/** Calls at a door with the token of a host, as no host of ours would. */
const caller =
  (door: Door, token: string) =>
  async (act: string, value: unknown): Promise<{ readonly status: number; readonly body: string }> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ value })
    const response = await fetch(`${door.url}/api/host/${act}`, { method: 'POST', headers, body })
    return { status: response.status, body: await response.text() }
  }

describe('a host that lies about its sessions', () => {
  it('makes its door start nothing, connect to nothing and look nowhere', { timeout: 180_000 }, async () => {
    const door = await openDoor()
    const folder = dirname(door.home)
    const mark = join(folder, 'started')
    const socket = join(folder, 'socket')
    const [tcp, unix] = [await listener({ port: 0, host: '127.0.0.1' }), await listener(socket)]
    const token = (await door.postern('hosts', 'add', 'evil')).stdout.trim()
    const call = caller(door, token)
    const { body } = await call('attach', {})
    const { epoch } = (JSON.parse(body) as { readonly value: { readonly epoch: number } }).value
    const kinds = Object.entries(traps(mark, socket, tcp.port, process.pid))
    for (const [driver, settings] of kinds) {
      const opening = { id: `s-${driver}`, generation: 'abc', driver, settings, state: 'live', openedAt: 1 }
      const args = [{ ...opening, decisions: true }, { replace: false }]
      const opened = await call('call', { id: driver, method: 'openSession', args })
      assert.equal(opened.status, 200, opened.body)
    }
    const able = kinds.map(([driver]) => ({
      ...{ session: `s-${driver}`, generation: 'abc', screen: true, cancel: true },
    }))
    assert.equal((await call('renew', { epoch, able })).status, 200)

    const admin = { authorization: `Bearer ${await adminToken(door.home)}` }
    const api = (path: string, method = 'GET', body?: object) =>
      fetch(`${door.url}/api/${path}`, {
        method,
        headers: { ...admin, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      })
    // Side by side: what nobody answers is waited for some seconds.
    const tried = kinds.map(async ([driver]) => {
      const id = `s-${driver}`
      const minted = (await (await api('grants', 'POST', { session: id })).json()) as {
        readonly webhook: string
      }
      assert.equal((await knock(minted.webhook, 'hello')).status, 202, driver)
      const asked = [
        api(`sessions/${id}`),
        api(`sessions/${id}/screen`),
        api(`sessions/${id}/cancel`, 'POST'),
        api('grants', 'POST', { session: id, verb: 'run_turn' }),
      ]
      await Promise.all(asked)
    })
    await Promise.all(tried)
    const commands = ['s-pty', 's-tmux', 's-acp'].flatMap((id) => [
      ['expose', '--session', id, '--verb', 'run_turn'],
      ['session', 'show', id, '--screen'],
      ['session', 'cancel', id],
      ['attach', id],
    ])
    await Promise.all(commands.map((args) => door.postern(...args)))
    await Promise.all([api('sessions'), fetch(`${door.url}/metrics`), door.postern('session', 'ls')])
    await door.postern('doctor')
    await door.server.stop()
    const server = await door.again()
    await pause(3000)
    for (const [driver] of kinds.slice(5))
      assert.equal((await api(`sessions/s-${driver}`, 'DELETE')).status, 200)
    const ended = await door.postern('session', 'end', '--all')
    assert.equal(ended.code, 0, ended.stderr)
    assert.equal(existsSync(mark), false)
    assert.deepEqual([tcp.heard(), unix.heard()], [0, 0])
    // The same settings, where the door itself is asked for it.
    await door.postern('session', 'add', 'own', '--driver', 'command', '--', 'sh', '-c', `touch ${mark}`)
    await door.postern('send', '--session', 'own', '--timeout', '10', 'hello')
    assert.equal(existsSync(mark), true)
    await server.stop()
    await Promise.all([tcp.close(), unix.close()])
  })

  it('finds out of no file of its door whether an agent answers: where that is known, there it is minted', async () => {
    const door = await openDoor()
    const token = (await door.postern('hosts', 'add', 'evil')).stdout.trim()
    const opening = { id: 's', generation: 'abc', driver: 'pty', settings: {}, openedAt: 1 }
    const call = caller(door, token)
    await call('call', { id: '1', method: 'openSession', args: [opening, { replace: false }] })
    const minted = await door.postern('expose', '--session', 's', '--verb', 'run_turn')
    assert.notEqual(minted.code, 0)
    assert.match(minted.stderr, /known on its machine "evil" alone/)
    for (const generation of ['../../keys/admin', 'standing', '']) {
      const args = [{ ...opening, generation }, { replace: true }]
      const { status } = await call('call', { id: generation, method: 'openSession', args })
      assert.equal(status, 400, generation)
    }
    await door.server.stop()
  })
})
