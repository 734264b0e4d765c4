import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { noTmux } from '../drivers/tmux/harness.ts'
import { adminOf, knockAt } from '../support/admin-api.ts'
import { atExit, binary, cli, scratchHome, serve } from '../support/binary.ts'
import { configure, until } from '../support/hooks.ts'
import { rounds } from '../support/long.ts'
import { noTerminals } from '../support/terminal.ts'

const fakeTui = resolve(import.meta.dirname, '../fixtures/fake-tui.mjs')
const exec = promisify(execFile)

/** A pane of a tmux of its own, at whose keyboard a person sits. */
async function openPane(home: string, command: readonly string[]) {
  const folder = dirname(home)
  const socket = join(folder, 's')
  const { TMUX: _outer, ...inherited } = process.env
  const env = { ...inherited, POSTERN_HOME: home, FAKE_TUI_LOG: join(folder, 'log') }
  const tmux = async (...args: readonly string[]) =>
    (await exec('tmux', ['-u', '-S', socket, '-f', '/dev/null', ...args], { env })).stdout.trim()
  await tmux('new-session', '-d', '-x', '100', '-y', '30', '-c', folder, ...command)
  atExit(() => execFile('tmux', ['-S', socket, 'kill-server'], () => {}))
  const pane = await tmux('display-message', '-p', '#{pane_id}')
  return {
    target: `${socket},${pane}`,
    settings: ['--target', pane, '--set', `socket=${socket}`],
    press: (key: string) => tmux('send-keys', '-t', pane, key),
    isReady: () =>
      until('the agent is ready', async () =>
        (await tmux('capture-pane', '-p', '-t', pane)).includes('Type your message') ? true : undefined,
      ),
    turns: async (): Promise<readonly string[]> => {
      const log = await readFile(join(folder, 'log'), 'utf8').catch(() => '')
      const lines = log
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { ev: string; text: string })
      assert.ok(!lines.some(({ ev }) => ev === 'SHELL'))
      return lines.filter(({ ev }) => ev === 'turn').map(({ text }) => text)
    },
    close: () => tmux('kill-server').catch(() => ''),
  }
}

/** Messages come while a dialog is open, one of which opens the next, and the server dies meanwhile. */
async function bringsThemAfterwards(t: TestContext, driver: 'pty' | 'tmux'): Promise<void> {
  const home = await scratchHome()
  configure(home, { limits: { knocksPerMinute: 0 } })
  const [postern, ...first] = binary()
  const agent = [process.execPath, fakeTui]
  const held = [postern, ...first, 'run', '--session', 'agent', '--', ...agent]
  const pane = await openPane(home, driver === 'pty' ? held : agent)
  t.after(pane.close)
  await pane.isReady()
  if (driver === 'tmux') {
    const { code, stderr } = await cli(['session', 'add', 'agent', '--driver', 'tmux', ...pane.settings], {
      home,
    })
    assert.equal(code, 0, stderr)
  }
  let server = await serve(home)
  const admin = adminOf(home, () => server)
  const { path } = await admin.mint({ session: 'agent' })
  const isBlocked = () =>
    until('a dialog is open', async () => {
      const { activity } = await admin.ask<{ activity: string }>('GET', 'sessions/agent')
      return activity === 'blocked' || undefined
    })
  const expected: string[] = []
  for (let round = 0; round < rounds(1, 10); round++) {
    await knockAt(server.url + path, `ASK before ${round}`)
    expected.push(`ASK before ${round}`)
    await until('it is asked', async () =>
      (await pane.turns()).length === expected.length ? true : undefined,
    )
    await isBlocked()
    const sent = await Promise.all(
      Array.from({ length: rounds(8, 20) }, async (_, n) => {
        const text = `message ${round} ${n}${n === 4 ? ' may I ASK?' : ''}`
        const { status, deliveryId } = await knockAt(server.url + path, text, { prefer: `wait=${n % 2}` })
        assert.equal(status, 202)
        return { text, deliveryId }
      }),
    )
    await server.kill9()
    server = await serve(home)
    await isBlocked()
    assert.deepEqual(await pane.turns(), expected)
    sent.sort((a, b) => (a.deliveryId < b.deliveryId ? -1 : 1))
    const untilAsked = sent.findIndex(({ text }) => text.includes('ASK')) + 1
    for (const [key, due] of [
      ['y', sent.slice(0, untilAsked)],
      ['Escape', sent.slice(untilAsked)],
    ] as const) {
      if (key === 'Escape') await isBlocked()
      await pane.press(key)
      expected.push(...due.map(({ text }) => text))
      await until(
        'what is due has arrived',
        async () => {
          const turns = await pane.turns()
          return turns.length >= expected.length ? true : undefined
        },
        60_000,
      )
      assert.deepEqual(await pane.turns(), expected)
    }
    await until('all are delivered', async () => {
      const open = await admin.ask<readonly unknown[]>('GET', 'deliveries?session=agent&state=PENDING')
      return open.length === 0 ? true : undefined
    })
  }
  await server.stop()
  await cli(['session', 'end', 'agent'], { home })
}

const without = noTmux() ?? noTerminals ?? false
for (const driver of ['pty', 'tmux'] as const)
  test(
    `messages that come during a dialog are delivered after it, in order, each once: ${driver}`,
    { skip: without, timeout: 1_200_000 },
    (t) => bringsThemAfterwards(t, driver),
  )
