import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { DeliveryId } from '../../../src/domain/delivery.ts'
import type { Connection } from '../../../src/domain/driver.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import type { DriverSettings } from '../../../src/domain/session.ts'
import { eventually } from '../../suites/driver.ts'
import { fixture } from '../command/harness.ts'
import {
  linesRead,
  logged,
  noTmux,
  openLoop,
  openPaneBench,
  openTui,
  type PaneBench,
  signalAgent,
} from './harness.ts'

const skip = noTmux()

const deliveryId = 'whd_000000000000000000000001' as DeliveryId
const patience = () => AbortSignal.timeout(20_000)

const inject = (connection: Connection, text: string, signal = patience()): Promise<Outcome> =>
  connection.inject({ deliveryId, text }, signal)

/** As the core does: held while it is busy, tried again after a failure that may pass. */
async function deliver(connection: Connection, text: string): Promise<Outcome> {
  const signal = patience()
  for (;;) {
    const outcome = await inject(connection, text, signal)
    const again = outcome.kind === 'busy' || (outcome.kind === 'failed' && outcome.retry)
    if (!again || signal.aborted) return outcome
  }
}

const kindOf = async (outcome: Promise<{ readonly kind: string }>): Promise<string> => (await outcome).kind

const on = (title: string, open: () => Promise<PaneBench>, body: (bench: PaneBench) => Promise<void>) =>
  test(`tmux ${title}`, skip === undefined ? {} : { skip }, async () => {
    const bench = await open()
    try {
      await body(bench)
    } finally {
      await bench.remove()
    }
  })

const openShell = (script: string, ready: string, more: DriverSettings = {}) =>
  openPaneBench(() => ['sh', '-c', script], ready, more)

on('prepare finds exactly the pane that is meant', openLoop, async (bench) => {
  const prepare = (target: string) => bench.driver.prepare({ target, socket: bench.socket }, { cwd: '/' })
  for (const target of [bench.paneId, 'agent', 'agent:0', 'agent:0.0', '=agent:'])
    assert.equal((await prepare(target)).paneId, bench.paneId, target)
  for (const target of ['%99', 'age', 'agent:7', 'agent:0.7', 'nobody', '$99', '=age:'])
    await assert.rejects(prepare(target), /finds no pane/, target)
  await assert.rejects(bench.driver.prepare({}, { cwd: '/' }), /needs a target/)
  await assert.rejects(bench.driver.prepare({ target: '%1', pane: 3 }, { cwd: '/' }), /no setting "pane"/)
  const elsewhere = { target: '%1', socket: join(bench.folder, 'none') }
  await assert.rejects(bench.driver.prepare(elsewhere, { cwd: '/' }), /finds no tmux server/)
  const settings = await prepare('agent')
  assert.deepEqual(
    { ...settings, serverStart: 0 },
    {
      target: 'agent',
      socket: bench.socket,
      serverPid: bench.serverPid,
      serverStart: 0,
      paneId: bench.paneId,
      panePid: bench.panePid,
      cwd: bench.folder,
      multiline: 'flatten',
    },
  )
})

on('never pastes into a dead pane, which would end the server', openLoop, async (bench) => {
  await bench.tmux('set-option', '-w', '-t', bench.paneId, 'remain-on-exit', 'on')
  await bench.press('C-d')
  // tmux 3.3a now and then overlooks that a program has ended, until another one does.
  await eventually(async () => {
    await bench.tmux('run-shell', 'true')
    return (await bench.screen()).includes('Pane is dead')
  }, 'it is dead')
  const ended = { kind: 'ended', exitCode: 0, why: 'its program ended' }
  assert.deepEqual(await inject(bench.connection, 'hello there'), ended)
  assert.deepEqual(await bench.connection.state(patience()), ended)
  assert.match(await bench.tmux('list-sessions'), /other/)
})

on('never types to another program in the same pane', openLoop, async (bench) => {
  await bench.tmux('respawn-pane', '-k', '-t', bench.paneId, 'cat')
  assert.equal(await kindOf(inject(bench.connection, 'hello there')), 'ended')
  assert.equal((await bench.screen()).trim(), '')
})

on('never types to the same pane id of another server', openLoop, async (bench) => {
  const other = bench.connect({ ...bench.settings, serverPid: bench.serverPid + 1 })
  assert.equal(await kindOf(inject(other, 'hello')), 'ended')
  const later = bench.connect({ ...bench.settings, serverStart: Number(bench.settings.serverStart) + 1 })
  assert.equal(await kindOf(inject(later, 'hello')), 'ended')
  assert.deepEqual(await linesRead(bench.folder), [])
})

on('leaves copy mode to type', openLoop, async (bench) => {
  await bench.tmux('copy-mode', '-t', bench.paneId)
  assert.equal(await kindOf(inject(bench.connection, 'hello there')), 'taken')
  await eventually(async () => (await linesRead(bench.folder)).length > 0, 'it got the line')
  assert.deepEqual(await linesRead(bench.folder), ['hello there'])
})

on('types no word as it is that could end what runs in the pane', openLoop, async (bench) => {
  for (const word of ['exit', ':q', '/exit'])
    assert.equal(await kindOf(deliver(bench.connection, word)), 'taken')
  await eventually(async () => (await linesRead(bench.folder)).length > 2, 'it got the lines')
  assert.deepEqual(await linesRead(bench.folder), ['[webhook] exit', '[webhook] :q', '[webhook] /exit'])
})

on('leaves no buffer behind, and none of a person away', openLoop, async (bench) => {
  await bench.tmux('set-buffer', '-b', 'mine', 'kept')
  await inject(bench.connection, 'hello there')
  assert.match(await bench.tmux('list-buffers'), /^mine: 4 bytes: "kept"$/)
})

on('types to no pane that passes its keys on to others', openLoop, async (bench) => {
  await bench.tmux('set-option', '-w', '-t', bench.paneId, 'synchronize-panes', 'on')
  assert.equal(await kindOf(inject(bench.connection, 'hello there')), 'offline')
  assert.deepEqual(await linesRead(bench.folder), [])
})

on('leaves a permission dialog to the person', openTui, async (bench) => {
  assert.equal(await kindOf(inject(bench.connection, 'ASK before')), 'taken')
  for (let i = 0; i < 3; i++) assert.equal(await kindOf(inject(bench.connection, `knock ${i}`)), 'busy')
  assert.equal(await kindOf(bench.connection.state(patience())), 'blocked')
  assert.deepEqual(await logged(bench.folder, 'APPROVED'), [])
  await bench.press('Escape')
  assert.equal(await kindOf(deliver(bench.connection, 'after the dialog')), 'taken')
  assert.deepEqual(await logged(bench.folder, 'APPROVED'), [])
  assert.deepEqual(await logged(bench.folder, 'turn'), ['ASK before', 'after the dialog'])
})

on("waits for a person's draft", openTui, async (bench) => {
  await bench.press('-l', 'half a thought')
  await eventually(async () => (await bench.screen()).includes('half a thought'), 'it is drawn')
  assert.equal(await kindOf(inject(bench.connection, 'hello there')), 'busy')
  assert.equal(await kindOf(bench.connection.state(patience())), 'blocked')
  await bench.press('Enter')
  assert.equal(await kindOf(deliver(bench.connection, 'hello there')), 'taken')
  assert.deepEqual(await logged(bench.folder, 'turn'), ['half a thought', 'hello there'])
})

const swallowing = (ms: number) =>
  openPaneBench(
    () => ['env', `FAKE_TUI_FAST_ENTER_MS=${ms}`, ...fixture('fake-tui.mjs')],
    'Type your message',
  )

on(
  'presses Enter once more when the first is swallowed',
  () => swallowing(600),
  async (bench) => {
    assert.equal(await kindOf(deliver(bench.connection, 'hello there')), 'taken')
    const [turn, ...others] = await logged(bench.folder, 'turn')
    assert.equal(turn?.trim(), 'hello there')
    assert.deepEqual(others, [])
  },
)

on(
  'never says that a swallowed message arrived',
  () => swallowing(600_000),
  async (bench) => {
    for (let i = 0; i < 2; i++) {
      const outcome = await inject(bench.connection, 'hello there')
      assert.ok(outcome.kind === 'failed' || outcome.kind === 'busy', JSON.stringify(outcome))
    }
    assert.deepEqual(await logged(bench.folder, 'turn'), [])
  },
)

on('sends nothing again behind which a killed server had pressed Enter', openTui, async (bench) => {
  const never = bench.connect()
  assert.equal(await never.recall(deliveryId), undefined)
  assert.equal(await kindOf(deliver(bench.connection, 'SLOW:1 once')), 'taken')
  // The next server knows of it only what lies on the disk.
  const became = await bench.connect().recall(deliveryId)
  assert.ok(became?.kind === 'unknown' && became.accepted, JSON.stringify(became))
})

on(
  'types again what a swallowed Enter did not send',
  () => swallowing(600_000),
  async (bench) => {
    assert.equal(await kindOf(inject(bench.connection, 'hello there')), 'failed')
    assert.equal(await bench.connect().recall(deliveryId), undefined)
  },
)

on('types once to an agent that hung meanwhile', openTui, async (bench) => {
  await signalAgent(bench, 'SIGSTOP')
  assert.equal(await kindOf(inject(bench.connection, 'hello there')), 'busy')
  await signalAgent(bench, 'SIGCONT')
  assert.equal(await kindOf(deliver(bench.connection, 'hello there')), 'taken')
  assert.deepEqual(await logged(bench.folder, 'turn'), ['hello there'])
})

on('gives up on a hung agent when told, also while it types', openTui, async (bench) => {
  await signalAgent(bench, 'SIGSTOP')
  const stop = new AbortController()
  const typing = inject(bench.connection, 'hello there', stop.signal)
  setTimeout(() => stop.abort(), 1800)
  const started = performance.now()
  const outcome = await typing
  assert.ok(outcome.kind === 'busy' || outcome.kind === 'released', JSON.stringify(outcome))
  assert.ok(performance.now() - started < 3800)
})

on('waits for a hung tmux server, and not for long', openLoop, async (bench) => {
  process.kill(bench.serverPid, 'SIGSTOP')
  assert.deepEqual(await bench.connection.state(patience()), {
    kind: 'offline',
    why: 'tmux does not answer',
  })
  const started = performance.now()
  // Whichever it notices first, the caller's end or the silence: both hold the message and spend no attempt.
  const held = await kindOf(inject(bench.connection, 'hello there', AbortSignal.timeout(300)))
  assert.ok(held === 'released' || held === 'offline', held)
  assert.ok(performance.now() - started < 2300)
  process.kill(bench.serverPid, 'SIGCONT')
  assert.equal(await kindOf(deliver(bench.connection, 'hello there')), 'taken')
  await eventually(async () => (await linesRead(bench.folder)).length > 0, 'it got the line')
  assert.deepEqual(await linesRead(bench.folder), ['hello there'])
})

on(
  'types to no program that hides what is typed',
  () => openShell('stty -echo; printf "Secret> "; cat > read', 'Secret'),
  async (bench) => {
    assert.equal(await kindOf(inject(bench.connection, 'hello there')), 'busy')
    assert.equal(await kindOf(bench.connection.state(patience())), 'blocked')
  },
)

on('joins lines for a program that reads lines', openLoop, async (bench) => {
  assert.equal(await kindOf(inject(bench.connection, 'one\ntwo')), 'taken')
  await eventually(async () => (await linesRead(bench.folder)).length > 0, 'it got the line')
  assert.deepEqual(await linesRead(bench.folder), ['one two'])
  const strict = bench.connect({ ...bench.settings, multiline: 'refuse' })
  const refused = await inject(strict, 'one\ntwo')
  assert.ok(refused.kind === 'failed' && !refused.retry, JSON.stringify(refused))
  assert.deepEqual(await linesRead(bench.folder), ['one two'])
})

on(
  'types to a shell at its prompt',
  () => openShell('PS1="me@host:~$ " exec bash --norc --noprofile -i', 'me@host'),
  async (bench) => {
    assert.deepEqual(await bench.connection.state(patience()), { kind: 'idle' })
    assert.equal(await kindOf(inject(bench.connection, 'echo $((6*7)) > answer; cat answer')), 'taken')
    await eventually(async () => (await bench.screen()).includes('\n42'), 'it answered')
    await bench.press('-l', 'rm -rf')
    assert.equal(await kindOf(inject(bench.connection, 'hello there')), 'busy')
  },
)

on(
  'uses skills in the way of its agent',
  () => openTui({ agent: 'claude' }),
  async (bench) => {
    const folder = join(bench.folder, '.claude/skills/deploy')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'SKILL.md'), 'Deploy.')
    assert.deepEqual(await bench.connection.skills(patience()), ['deploy'])
    const message = { deliveryId, text: '[ci] now' }
    assert.equal(await kindOf(bench.connection.inject({ ...message, skill: 'deploy' }, patience())), 'taken')
    const refused = await bench.connection.inject({ ...message, skill: 'other' }, patience())
    assert.deepEqual(refused, { kind: 'failed', why: 'it has no skill "other"', retry: false, skill: true })
    assert.deepEqual(await logged(bench.folder, 'turn'), ['/deploy [ci] now'])
  },
)

test('tmux says where it is missing', async () => {
  const { tmuxDriver } = await import('../../../src/drivers/tmux/driver.ts')
  const driver = tmuxDriver({ env: { PATH: '/nowhere' }, skillDirs: () => [] })
  await assert.rejects(driver.prepare({ target: '%1' }, { cwd: '/' }), /not installed/)
})
