import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openPane, type Pane } from '../support/agents/pane.ts'
import { type AgentBench, openAgent, without } from '../support/agents.ts'
import type { Served } from '../support/binary.ts'
import { configure, hooks, post, until } from '../support/hooks.ts'

const timeout = 200_000
const skip = without('claude')
const options = { skip, timeout }
const startMs = 100_000
const texts = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix} ${index + 1}`)
const long = texts('a line with "quotes", `code`, Grüße and 🎉,', 1200).join('\n')

describe('Claude Code, driven through the built binary', () => {
  let bench: AgentBench
  let server: Served
  let pane: Pane

  const messages = () => bench.userMessages()
  const count = (text: string) => messages().filter((message) => message === text).length
  const ask = async (session: string, message: string, more: Readonly<Record<string, unknown>> = {}) => {
    const { body } = await post(
      `${server.url}/api/hooks/agent`,
      { session, message, ...more },
      { prefer: 'wait=0' },
    )
    return body.deliveryId
  }
  const turn = async (session: string, message: string, more: Readonly<Record<string, unknown>> = {}) =>
    bench.settled(server, await ask(session, message, more))
  const add = async (id: string, ...args: readonly string[]) => {
    const { code, stderr } = await bench.postern('session', 'add', id, ...args)
    assert.equal(code, 0, stderr)
  }
  const allDelivered = async (session: string, all: readonly string[]) => {
    const ids: unknown[] = []
    for (const text of all) ids.push(await ask(session, text))
    return async () => {
      for (const id of ids) assert.equal((await bench.settled(server, id)).state, 'DELIVERED')
      assert.deepEqual(messages().slice(-all.length), all)
    }
  }

  const held = async (id: unknown) =>
    JSON.parse((await bench.postern('deliveries', 'show', String(id), '--json')).stdout).heldBecause

  before(async () => {
    if (skip) return
    bench = await openAgent('claude')
    configure(bench.home, { ...hooks(), sessions: { allow: ['*'] } })
    server = await bench.serve()
    const skill = join(bench.place.cwd, '.claude/skills/triage')
    await mkdir(skill, { recursive: true })
    await writeFile(
      join(skill, 'SKILL.md'),
      '---\nname: triage\ndescription: looks twice\n---\nSAY:looked twice\n',
    )
    pane = await openClaude()
    await add('typed', '--driver', 'tmux', '--target', pane.target, '--socket', pane.socket)
  })

  /** Resolves once its inbox is open. */
  const openClaude = async (): Promise<Pane> => {
    const flags = ['--permission-mode', 'default', '--allowedTools', 'Bash(echo:*)']
    const opened = await openPane(bench, ['claude', ...flags])
    for (const end = Date.now() + startMs; ; ) {
      const { code, stderr } = await bench.postern('session', 'add', 'desk', '--driver', 'claude')
      if (code === 0) return opened
      if (Date.now() > end) throw new Error(`${stderr}\n${await opened.screen()}`)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  /** A key that comes right behind the dialog is overlooked. */
  const answerDialog = async () => {
    while (/Do you want to proceed/.test(await pane.screen())) {
      await pane.press('1')
      await new Promise((resolve) => setTimeout(resolve, 1500))
    }
  }

  after(async () => {
    await server?.stop()
    await pane?.close()
    await bench?.close()
  })

  it('inbox: a message is one turn in its transcript, and its answer comes back', options, async () => {
    const delivery = await turn('desk', 'TOOL:echo through-$((40+2))')
    assert.equal(delivery.state, 'DELIVERED', JSON.stringify(delivery))
    assert.match(delivery.answer ?? '', /TOOL-RESULT: through-42/)
    assert.equal(count('TOOL:echo through-$((40+2))'), 1)
  })

  it('inbox: a failed model is never delivered', options, async () => {
    const { state, detail } = await turn('desk', 'FAIL:400')
    assert.deepEqual([state, detail], ['FAILED', 'API Error: 400 fake failure'])
    assert.equal((await turn('desk', 'and again')).state, 'DELIVERED')
  })

  it('inbox: what looks like a command is harmless, and a skill is told', options, async () => {
    const bare = ['!touch pwned', '/exit', '@/etc/passwd']
    for (const text of bare) assert.equal((await turn('desk', text)).state, 'DELIVERED')
    assert.deepEqual(messages().slice(-3), [
      '[webhook] !touch pwned',
      '[webhook] /exit',
      '[webhook] @/etc/passwd',
    ])
    assert.equal(existsSync(join(bench.place.cwd, 'pwned')), false)
    assert.doesNotMatch(JSON.stringify(bench.model.requests()), /root:x:0/)
    const { state, answer } = await turn('desk', 'this', { skill: 'triage' })
    assert.equal(state, 'DELIVERED')
    assert.match(answer ?? '', /looked twice/)
  })

  it('inbox: messages of a busy time come in order, each as a turn of its own', options, async () => {
    const slow = await ask('desk', 'SLOW:4')
    const delivered = await allDelivered('desk', texts('number', 10))
    assert.equal((await bench.settled(server, slow)).state, 'DELIVERED')
    await delivered()
  })

  it('inbox: a half-typed draft is neither sent nor lost, and 60 KB come whole', options, async () => {
    await pane.write('half a thought')
    await pane.shows(/half a thought/)
    assert.equal((await turn('desk', long)).state, 'DELIVERED')
    assert.equal(count(long), 1)
    await pane.shows(/❯\s+half a thought/)
    assert.equal(count('half a thought'), 0)
    await pane.press('C-u')
  })

  it('inbox: a dialog outlives 20 messages, which come after it in order', options, async () => {
    const touched = join(bench.place.cwd, 'touched')
    const asked = await ask('desk', `TOOL:touch ${touched}`)
    await pane.shows(/Do you want to proceed/)
    const delivered = await allDelivered('desk', texts('knock', 20))
    await pane.shows(/Do you want to proceed/)
    assert.equal(existsSync(touched), false)
    await answerDialog()
    assert.equal((await bench.settled(server, asked)).state, 'DELIVERED')
    await delivered()
    assert.equal(existsSync(touched), true)
  })

  it('inbox: a turn outlives kill -9 and a stop of the server, and is found again', options, async () => {
    for (const how of ['kill9', 'stop'] as const) {
      const text = `SLOW:6 through ${how}`
      const id = await ask('desk', text)
      await until('it arrived', () => (count(text) === 1 ? true : undefined))
      await server[how]()
      server = await bench.serve()
      const { state, answer } = await bench.settled(server, id)
      assert.deepEqual([state, answer], ['DELIVERED', 'slow done'])
      assert.equal(count(text), 1)
    }
  })

  it('tmux: no file is read, no command runs, a draft and a dialog come first', options, async () => {
    for (const text of ['!touch pwned', '/exit', '@/etc/passwd', 'see @/etc/passwd now'])
      assert.equal((await turn('typed', text)).state, 'DELIVERED', await pane.screen())
    assert.equal(existsSync(join(bench.place.cwd, 'pwned')), false)
    assert.doesNotMatch(JSON.stringify(bench.model.requests()), /root:x:0/)
    await pane.write('half a thought')
    await pane.shows(/half a thought/)
    const held = await ask('typed', 'after the draft')
    await until('it is held', async () => {
      const { stdout } = await bench.postern('deliveries', 'show', String(held))
      return /begun to type/.test(stdout) || undefined
    })
    await pane.shows(/❯\s+half a thought/)
    assert.equal(count('after the draft'), 0)
    await pane.press('C-u')
    assert.equal((await bench.settled(server, held)).state, 'DELIVERED')
    assert.equal(count('half a thought'), 0)
  })

  it(
    'inbox: killed in a turn it is never delivered, and the next knock is held for its successor',
    options,
    async () => {
      const id = await ask('desk', 'SLOW:20 to the death')
      await until('it arrived', () => (count('SLOW:20 to the death') === 1 ? true : undefined))
      process.kill(pane.panePid, 'SIGKILL')
      assert.equal((await bench.settled(server, id)).state, 'FAILED')
      const next = await ask('desk', 'next')
      await until('it is held', async () => (await held(next)) === 'offline' || undefined)
    },
  )

  it('stream: one of our own answers, keeps to its permissions and its conversation', options, async () => {
    const permissions = ['--set', 'permissions=["Bash(touch allowed)"]']
    await add(
      'own',
      '--driver',
      'claude-stream',
      ...permissions,
      '--',
      'claude',
      '--permission-mode',
      'default',
    )
    assert.equal((await turn('own', 'TOOL:touch allowed')).state, 'DELIVERED')
    assert.equal(existsSync(join(bench.place.cwd, 'allowed')), true)
    assert.equal((await turn('own', 'FAIL:400')).state, 'FAILED')
    assert.match((await turn('own', 'this', { skill: 'triage' })).answer ?? '', /looked twice/)
    assert.equal((await turn('own', '@/etc/passwd')).state, 'DELIVERED')
    assert.doesNotMatch(JSON.stringify(bench.model.requests()), /root:x:0/)
    const before = count(long)
    assert.equal((await turn('own', long)).state, 'DELIVERED')
    assert.equal(count(long), before + 1)
    const held = await turn('own', 'TOOL:touch denied', { timeoutSeconds: 5 })
    assert.equal(held.state, 'FAILED', JSON.stringify(held))
    assert.equal(existsSync(join(bench.place.cwd, 'denied')), false)
  })

  it('stream: killed with the server it leaves nothing, and its conversation goes on', options, async () => {
    // The scripted model speaks of the tool that was denied first.
    await turn('own', 'SAY:and on')
    const id = await ask('own', 'SLOW:20 cut off')
    await until('it arrived', () => (count('SLOW:20 cut off') === 1 ? true : undefined))
    await server.kill9()
    server = await bench.serve()
    assert.equal((await bench.settled(server, id)).state, 'FAILED')
    assert.equal(count('SLOW:20 cut off'), 1)
    assert.equal((await turn('own', 'SAY:still here')).answer, 'still here')
    await bench.postern('session', 'end', 'own')
    const left = (await bench.processes()).filter(({ command }) => command.includes('stream-json'))
    assert.deepEqual(left, [])
  })

  it('command: a process a turn answers, and reads no file a message names', options, async () => {
    await add('each', '--driver', 'command', '--preset', 'claude', '--', 'claude')
    assert.equal((await turn('each', 'SAY:each time')).answer, 'each time')
    assert.equal((await turn('each', '@/etc/passwd')).state, 'DELIVERED')
    assert.equal((await turn('each', 'FAIL:400')).state, 'FAILED')
    assert.doesNotMatch(JSON.stringify(bench.model.requests()), /root:x:0/)
  })
})
