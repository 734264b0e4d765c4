import assert from 'node:assert/strict'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { noTmux } from '../drivers/tmux/harness.ts'
import { type Door, knock, openDoor } from '../support/fleet.ts'
import { adminToken, get, until } from '../support/hooks.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const noTerminals = process.env.POSTERN_TEST_RUNTIME === 'deno' ? 'Deno has no terminals of its own' : false
const run = promisify(execFile)

type Host = Awaited<ReturnType<Door['host']>>

interface ShownSession {
  readonly state: string
  readonly why: string | null
  readonly exitCode: number | null
}

describe('a terminal on a joined machine', { skip: noTerminals, timeout: 240_000 }, () => {
  let door: Door
  let host: Host
  let proxy: TcpProxy
  let admin: string
  /** What is written there, the agent shows. */
  let mouth: string
  const agent = (text: string) => appendFileSync(mouth, text)

  before(async () => {
    door = await openDoor()
    proxy = await startProxy(door.url)
    host = await door.host('laptop', proxy.address.replace(/\/$/, ''))
    admin = await adminToken(door.home)
    mouth = join(dirname(host.home), 'mouth')
    execFileSync('mkfifo', [mouth])
    const script = `exec 3<>${mouth}; stty -echo; printf 'ready\\n'; exec cat <&3`
    const ran = await host.postern('run', '--session', 'build', '--detach', '--', 'sh', '-c', script)
    assert.equal(ran.code, 0, ran.stderr)
  })
  after(async () => {
    await host.postern('session', 'end', '--all')
    await host.process.stop()
    await proxy.close()
    await door.server.stop()
  })

  const seen = (id: string) => get(`${door.url}/api/sessions/${id}/screen`, admin)
  const textOf = async (id: string) => {
    const { status, text } = await seen(id)
    assert.equal(status, 200, text)
    return (JSON.parse(text) as { readonly text: string }).text
  }
  const sessionOf = async (id: string) =>
    JSON.parse((await get(`${door.url}/api/sessions/${id}`, admin)).text) as ShownSession

  /** The dashboard's stream of that screen, of a browser that is logged in. */
  async function follow(id: string) {
    const login = await fetch(`${door.url}/dashboard/login`, {
      method: 'POST',
      body: new URLSearchParams({ token: admin }),
      headers: { origin: door.url },
      redirect: 'manual',
    })
    const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    const over = new AbortController()
    const response = await fetch(`${door.url}/dashboard/sessions/${id}/screen`, {
      headers: { cookie },
      signal: over.signal,
    })
    assert.equal(response.status, 200)
    let text = ''
    const reading = (async () => {
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString()
    })().catch(() => {})
    const leave = async () => {
      over.abort()
      await reading
    }
    return { text: () => text, leave }
  }

  /** Somebody at a terminal of that machine attaches to `tty` and types. */
  async function typeByHand(): Promise<void> {
    const person = spawn('script', ['-qec', host.command('attach', 'tty'), '/dev/null'], { env: host.env })
    let shown = ''
    person.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString()
    })
    await until('it is seen there', () => shown.includes('got from the world') || undefined)
    person.stdin.write('by hand\r')
    await until('it is typed', async () => (await textOf('tty')).includes('got by hand') || undefined)
    person.kill()
  }

  it('is seen at its door by the API, as it is', async () => {
    agent('\x1b[31mred\x1b[0m of the host\n')
    await until('it is shown', async () => (await textOf('build')).includes('red of the host') || undefined)
    const { lines } = JSON.parse((await seen('build')).text) as {
      readonly lines: readonly (readonly { readonly text: string; readonly fg?: number }[])[]
    }
    assert.ok(lines.flat().some(({ text, fg }) => text === 'red' && fg === 1))
  })

  it('is followed by the dashboard: what it shows is there at once, until nobody looks any more', async () => {
    const stream = await follow('build')
    await until('the stream begins', () => /event: screen/.test(stream.text()) || undefined)
    const delays: number[] = []
    for (let i = 0; i < 10; i++) {
      const began = performance.now()
      agent(`line number ${i} of them\n`)
      await until(`line ${i}`, () => stream.text().includes(`line number ${i} of them`) || undefined)
      delays.push(performance.now() - began)
      await pause(50)
    }
    const [median = 0] = delays.toSorted((a, b) => a - b).slice(5)
    console.log(
      `seen at the door after ${Math.round(median)} ms, at the latest ${Math.round(Math.max(...delays))} ms`,
    )
    assert.ok(median < 300, `seen after ${delays.map(Math.round).join(', ')} ms`)
    await stream.leave()
    // The answer to whatever still crossed of the screen would be lost.
    await pause(1500)
    proxy.loseAnswerTo('"changedAt"')
    agent('seen by nobody\n')
    await pause(1000)
    assert.equal(proxy.lost(), 0)
    await textOf('build').catch(() => {})
    await until('the trap works', () => proxy.lost() === 1 || undefined)
  })

  it('controls nothing at its door', async () => {
    const stream = await follow('build')
    agent(
      '\x1b]0;<script>alert(1)</script>\x07</pre><script>alert(2)</script>\x1b]52;c;aGk=\x07\x9b5m\u202eend of it\n',
    )
    await until('it is shown', () => stream.text().includes('end of it') || undefined)
    assert.doesNotMatch(stream.text(), /<script|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/)
    assert.match(stream.text(), /alert\(2\)/)
    await stream.leave()
  })

  it('is typed into by messages, and attached to where it runs', async () => {
    const reader = 'while IFS= read -r line; do echo "got $line"; done'
    await host.postern('run', '--session', 'tty', '--detach', '--', 'sh', '-c', reader)
    const url = await host.expose('tty')
    assert.equal((await knock(url, 'from the world', 20)).status, 200)
    await until('it is read', async () => (await textOf('tty')).includes('got from the world') || undefined)
    const elsewhere = await door.postern('attach', 'tty')
    assert.notEqual(elsewhere.code, 0)
    assert.match(elsewhere.stderr, /runs on another machine, "laptop"/)
    // That of others takes other arguments.
    if (process.platform === 'linux') await typeByHand()
    await host.postern('session', 'end', 'tty')
    await until('it is over at the door', async () => (await sessionOf('tty')).state === 'ended' || undefined)
    assert.notEqual((await seen('tty')).status, 200)
  })

  it('is attached to where it runs, whether its door is there or not', async () => {
    await host.postern('run', '--session', 'away', '--detach', '--', 'sh', '-c', 'echo here; sleep 4; exit 6')
    proxy.cut(true)
    const attached = await host.postern('attach', 'away')
    assert.equal(attached.code, 6, attached.stderr)
    assert.match(attached.stdout, /here/)
    assert.match(attached.stderr, /cannot be reached.*\n.*The terminal of "away" runs here all the same/)
    const unknown = await host.postern('attach', 'nowhere')
    assert.equal(unknown.code, 5, unknown.stderr)
    assert.doesNotMatch(unknown.stderr, /runs here/)
    proxy.cut(false)
    await until(
      'it is over at the door',
      async () => (await sessionOf('away')).state === 'ended' || undefined,
    )
  })

  it('ends at its door with the code of its program, also while nothing serves for its host', async () => {
    await host.postern('run', '--session', 'seven', '--detach', '--', 'sh', '-c', 'sleep 1; exit 7')
    await until('it has ended', async () => (await sessionOf('seven')).state === 'ended' || undefined)
    assert.equal((await sessionOf('seven')).exitCode, 7)
    await host.postern('run', '--session', 'nine', '--detach', '--', 'sh', '-c', 'sleep 4; exit 9')
    assert.equal(await host.process.stop(), 0)
    await until('it has ended', async () => (await sessionOf('nine')).state === 'ended' || undefined)
    assert.equal((await sessionOf('nine')).exitCode, 9)
    host = { ...host, process: await host.again() }
  })

  it('ends at its door, too, when that was away then', async () => {
    await host.postern('run', '--session', 'three', '--detach', '--', 'sh', '-c', 'sleep 2; exit 3')
    await door.server.kill9()
    await pause(4000)
    door = { ...door, server: await door.again() }
    await until('it has ended', async () => (await sessionOf('three')).state === 'ended' || undefined)
    assert.equal((await sessionOf('three')).exitCode, 3)
  })

  it('may be a pane of tmux there', { skip: noTmux() ?? false }, async () => {
    const socket = join(dirname(host.home), 'tmux')
    const tmux = (...args: string[]) => run('tmux', ['-S', socket, '-f', '/dev/null', ...args])
    await tmux('new-session', '-d', '-s', 'agent', '-x', '80', '-y', '20', 'cat')
    try {
      const pane = (await tmux('list-panes', '-t', 'agent', '-F', '#{pane_id}')).stdout.trim()
      const flags = ['--driver', 'tmux', '--target', pane, '--socket', socket]
      const added = await host.postern('session', 'add', 'pane', ...flags)
      assert.equal(added.code, 0, added.stderr)
      assert.equal((await knock(await host.expose('pane'), 'to the pane', 20)).status, 200)
      await until('it is shown', async () => {
        const { status, text } = await seen('pane')
        return (status === 200 && text.includes('to the pane')) || undefined
      })
    } finally {
      await tmux('kill-server')
    }
    await until(
      'the door sees that it is over',
      async () => (await sessionOf('pane')).state !== 'live' || undefined,
    )
  })
})
