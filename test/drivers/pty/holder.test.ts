import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { guardTyped } from '../../../src/domain/command-guard.ts'
import { Failure } from '../../../src/domain/error.ts'
import { connectHolder } from '../../../src/drivers/pty/client.ts'
import { runHolder } from '../../../src/drivers/pty/holder.ts'
import { startHolder } from '../../../src/drivers/pty/start.ts'
import { rounds } from '../../support/long.ts'
import { dealt, oddTexts, ownWords } from '../../support/odd-texts.ts'
import {
  deliveryId,
  eventually,
  fakeTui,
  type Held,
  type HoldWanted,
  holderMain,
  holdProgram,
  noTerminals,
  untilFree,
} from '../../support/terminal.ts'

const skip = noTerminals ?? false
const sh = (script: string): readonly string[] => ['sh', '-c', script]

async function hold(t: TestContext, command: readonly string[], wanted?: HoldWanted): Promise<Held> {
  const held = await holdProgram(command, wanted)
  t.after(held.stop)
  return held
}

async function holdIdle(t: TestContext, command: readonly string[]): Promise<Held> {
  const held = await hold(t, command)
  await isNow(held, 'idle')
  return held
}

const isNow = (held: Held, kind: string) =>
  eventually(
    async () => (await held.connection.state(AbortSignal.timeout(3000))).kind === kind,
    `it is ${kind}`,
  )

const turns = (held: Held) => held.log().flatMap(({ ev, text }) => (ev === 'turn' ? [text] : []))

/** A person's keys, through a connection as attach has one. */
async function person(held: Held) {
  const line = await connectHolder(held.settings.socket, held.session.generation)
  assert.ok(line)
  line.send({ op: 'attach', terminal: { columns: 80, rows: 24 } })
  const press = (keys: string) => line.send({ op: 'keys', data: Buffer.from(keys).toString('base64') })
  const sees = async (text: string) => {
    for (let shown = ''; !shown.includes(text); ) {
      const reply = await line.next(AbortSignal.timeout(20_000))
      assert.ok(reply !== undefined && reply !== 'aborted', `never saw ${text}`)
      if (reply.is === 'output') shown += Buffer.from(reply.data, 'base64')
    }
  }
  return { press, sees, leave: line.close }
}

test('a program that swallows every Enter never took a message, and got it once', { skip }, async (t) => {
  const held = await hold(t, fakeTui, { env: { FAKE_TUI_FAST_ENTER_MS: '600000' } })
  for (let i = 0; i < 3; i++) {
    const outcome = await untilFree(held, 'swallowed text', 'one')
    assert.ok(
      outcome.kind === 'failed' && outcome.why.startsWith('typed_not_submitted'),
      JSON.stringify(outcome),
    )
  }
  assert.deepEqual(held.log(), [])
  assert.equal(await held.connection.recall(deliveryId('one')), undefined)
})

test('a program that swallows a fast Enter gets a second one', { skip }, async (t) => {
  const held = await hold(t, fakeTui, { env: { FAKE_TUI_FAST_ENTER_MS: '900' } })
  assert.deepEqual(await untilFree(held, 'second try'), { kind: 'taken', evidence: 'echo' })
  assert.deepEqual(
    turns(held).map((text) => text.trim()),
    ['second try'],
  )
})

const answerADialog = async (t: TestContext, key: string) => {
  const held = await hold(t, fakeTui)
  assert.equal((await untilFree(held, 'ASK before you act')).kind, 'taken')
  for (let i = 0; i < 20; i++) assert.equal((await held.inject('y', 'waiting')).kind, 'busy')
  assert.equal((await held.connection.state(AbortSignal.timeout(3000))).kind, 'blocked')
  assert.deepEqual(
    held.log().map(({ ev }) => ev),
    ['turn'],
  )
  const kim = await person(held)
  kim.press(key)
  await eventually(() => held.log().some(({ ev }) => ev === 'APPROVED'), 'the dialog is answered')
  assert.equal((await untilFree(held, 'y', 'waiting')).kind, 'taken')
  await eventually(() => turns(held).length === 2, 'the message arrived')
  assert.equal(turns(held)[1], '[webhook] y')
  kim.leave()
}
for (const [name, key] of [
  ['Enter', '\r'],
  ['a letter', 'y'],
] as const)
  test(
    `a dialog is not touched by 20 messages; the message arrives after ${name} has answered it`,
    {
      skip,
    },
    (t) => answerADialog(t, key),
  )

test("a person's draft is left alone until it is sent", { skip }, async (t) => {
  const held = await holdIdle(t, fakeTui)
  const kim = await person(held)
  kim.press('half a thou')
  await isNow(held, 'blocked')
  assert.equal((await held.inject('from outside', 'one')).kind, 'busy')
  kim.press('ght\r')
  await eventually(() => turns(held).length === 1, 'the draft is sent')
  assert.equal((await untilFree(held, 'from outside', 'one')).kind, 'taken')
  assert.deepEqual(turns(held), ['half a thought', 'from outside'])
})

test("a person's text and Enter that were held back are two, as they were pressed", { skip }, async (t) => {
  const held = await hold(t, fakeTui, { env: { FAKE_TUI_FAST_KEYS_MS: '30' } })
  await isNow(held, 'idle')
  const kim = await person(held)
  const typing = untilFree(held, 'from outside', 'one')
  await kim.sees('from outside')
  kim.press('and from me')
  await pause(100)
  kim.press('\r')
  assert.equal((await typing).kind, 'taken')
  await eventually(() => turns(held).length === 2, 'both arrived')
  assert.deepEqual(turns(held), ['from outside', 'and from me'])
  kim.leave()
})

test('a prompt that an agent puts back into its input box is a draft', { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pty-agent-'))
  t.after(() => rm(folder, { recursive: true }))
  const agent = join(folder, 'claude.mjs')
  await copyFile(fakeTui[1] ?? '', agent)
  const held = await holdIdle(t, [process.execPath, agent])
  assert.equal((await untilFree(held, 'from outside', 'one')).kind, 'taken')
  await isNow(held, 'idle')
  const kim = await person(held)
  kim.press('\x1b[A')
  await isNow(held, 'blocked')
  assert.equal((await held.inject('another one', 'two')).kind, 'busy')
  for (let i = 0; i < 'from outside'.length; i++) kim.press('\x7f')
  assert.equal((await untilFree(held, 'another one', 'two')).kind, 'taken')
  assert.deepEqual(turns(held), ['from outside', 'another one'])
})

test("a person's keys wait while a message is typed", { skip }, async (t) => {
  const held = await holdIdle(t, fakeTui)
  const kim = await person(held)
  const injected = held.inject('the message itself')
  await kim.sees('the message itself')
  kim.press('kim')
  assert.equal((await injected).kind, 'taken')
  await isNow(held, 'blocked')
  assert.deepEqual(turns(held), ['the message itself'])
  kim.press(' was here\r')
  await eventually(() => turns(held).length === 2, 'the draft is sent')
  assert.equal(turns(held)[1], 'kim was here')
})

/** Each text once, and what comes behind it. */
const bringsEach = (texts: readonly string[]) => async (t: TestContext) => {
  await Promise.all(dealt(texts).map((part) => bringsPart(t, part)))
}
const bringsPart = async (t: TestContext, texts: readonly string[]) => {
  const held = await hold(t, fakeTui)
  const all = [...texts, 'and the next one']
  for (const [i, text] of all.entries())
    assert.equal((await untilFree(held, text, `text-${i}-`)).kind, 'taken', text)
  assert.deepEqual(
    turns(held).map((text) => text.trimEnd()),
    all.map((text) => guardTyped(text).trimEnd()),
  )
}
test('an odd sign is sent once', { skip }, bringsEach(oddTexts))
test("a message's own words hold nothing back", { skip }, bringsEach(ownWords))

test('an abort takes back several lines that were not sent', { skip }, async (t) => {
  const held = await hold(t, fakeTui, { env: { FAKE_TUI_FAST_ENTER_MS: '600000' } })
  await isNow(held, 'idle')
  const outcome = await untilFree(held, 'one\ntwo, taken back', 'one')
  assert.equal(outcome.kind, 'failed', JSON.stringify(outcome))
  const kim = await person(held)
  kim.press('\x1b')
  await kim.sees('> Type your message')
  assert.deepEqual(turns(held), [])
})

test("a person's keys and ours are not joined, whenever they come", { skip, timeout: 900_000 }, async (t) => {
  const held = await holdIdle(t, fakeTui)
  const kim = await person(held)
  const wanted = rounds(10, 100)
  for (let i = 0; i < wanted; i++) {
    const typing = untilFree(held, `message ${i} from outside`, `message-${i}-`)
    await pause(Math.random() * 2000)
    for (const key of `kim says ${i}`) {
      kim.press(key)
      await pause(20 + Math.random() * 80)
    }
    kim.press('\r')
    assert.equal((await typing).kind, 'taken')
  }
  await eventually(() => turns(held).length === 2 * wanted, 'all turns began')
  const expected = Array.from({ length: wanted }, (_, i) => [`kim says ${i}`, `message ${i} from outside`])
  assert.deepEqual([...turns(held)].sort(), expected.flat().sort())
})

test('a long paste is known by its marker', { skip }, async (t) => {
  const held = await hold(t, fakeTui)
  const text = Array.from({ length: 30 }, (_, i) => `line ${i} of a log`).join('\n')
  assert.deepEqual(await untilFree(held, text), { kind: 'taken', evidence: 'marker' })
  assert.deepEqual(turns(held), [text])
})

test('cat that writes to a file shows nothing but a moved cursor, and has the message', {
  skip,
}, async (t) => {
  const held = await hold(t, sh('cat > got'))
  for (const text of ['the first', 'the first', 'a second'])
    assert.deepEqual(await untilFree(held, text), { kind: 'taken', evidence: 'echo' })
  await eventually(() => held.file('got') === 'the first\nthe first\na second\n', 'it wrote them')
})

test('no word is typed as it is that could end what runs', { skip }, async (t) => {
  const held = await hold(t, sh('cat > got'))
  for (const word of ['exit', ':q']) assert.equal((await untilFree(held, word)).kind, 'taken')
  await eventually(() => held.file('got') === '[webhook] exit\n[webhook] :q\n', 'it wrote them')
})

test('a full screen of the same message still shows the next one', { skip }, async (t) => {
  const held = await hold(t, sh('i=0; while [ $i -lt 200 ]; do echo and again; i=$((i+1)); done; cat > got'))
  for (let i = 0; i < 2; i++) assert.equal((await untilFree(held, 'and again')).kind, 'taken')
  await eventually(() => held.file('got') === 'and again\nand again\n', 'it wrote them')
})

test('a program that shows no keys is never typed into', { skip }, async (t) => {
  const held = await hold(t, sh('stty -echo; cat > got'))
  await isNow(held, 'blocked')
  assert.equal((await held.inject('secret?')).kind, 'busy')
  assert.equal(held.file('got'), '')
})

test('a raw program that shows nothing gets the text once and no Enter', { skip }, async (t) => {
  const held = await hold(t, sh('stty raw -echo; cat > got'))
  for (let i = 0; i < 3; i++) assert.equal((await untilBusyWith(held, 'not shown', 'show')).kind, 'busy')
  await eventually(() => held.file('got') === 'not shown', 'it read the text')
})

async function untilBusyWith(held: Held, text: string, why: string) {
  for (;;) {
    const outcome = await held.inject(text, 'one')
    if (outcome.kind !== 'busy' || outcome.why.includes(why)) return outcome
  }
}

test('a shell that waits for a job is busy', { skip }, async (t) => {
  const held = await hold(t, sh('mkfifo gate; echo up; cat gate; cat > got'))
  await eventually(
    () =>
      held.connection
        .state(AbortSignal.timeout(3000))
        .then((now) => now.kind === 'busy' && now.why.includes('input')),
    'it is busy without drawing',
  )
  assert.equal((await held.inject('hello there', 'one')).kind, 'busy')
  await writeFile(join(held.dir, 'gate'), '')
  assert.equal((await untilFree(held, 'hello there', 'one')).kind, 'taken')
  await eventually(() => held.file('got') === 'hello there\n', 'it got the message once')
})

test('a bracketed paste cannot be closed from inside', { skip }, async (t) => {
  const held = await hold(t, fakeTui)
  await untilFree(held, 'a\x1b[201~\r!rm -rf x\x1b[200~b')
  await eventually(() => turns(held).length === 1, 'it arrived')
  assert.deepEqual(
    held
      .log()
      .map(({ ev }) => ev)
      .slice(0, 1),
    ['turn'],
  )
  assert.ok(!held.log().some(({ ev }) => ev === 'SHELL'))
})

for (const [instant, vanish] of Object.entries({
  'at once': async () => {},
  'while it waits for quiet': (held: Held) =>
    eventually(
      async () => (await held.connection.state(AbortSignal.timeout(3000))).kind === 'busy',
      'it is busy',
    ),
  'when the message was sent': (held: Held) => eventually(() => turns(held).length === 1, 'it was sent'),
}))
  test(`a server that dies ${instant} finds the message typed once`, { skip }, async (t) => {
    const held = await holdIdle(t, fakeTui)
    const line = await connectHolder(held.settings.socket, held.session.generation)
    line?.send({ op: 'inject', deliveryId: deliveryId('one'), text: 'exactly once', turn: false })
    await vanish(held)
    // The request may still be on its way; what counts is that the holder has it when its client is gone.
    if (instant === 'at once')
      await eventually(
        async () => (await held.connection.recall(deliveryId('one'))) !== undefined,
        'it arrived',
      )
    line?.close()
    const next = held.connect()
    const message = { deliveryId: deliveryId('one'), text: 'exactly once' }
    assert.deepEqual(await next.inject(message, AbortSignal.timeout(20_000)), {
      kind: 'taken',
      evidence: 'echo',
    })
    assert.deepEqual(await next.recall(deliveryId('one')), { kind: 'taken', evidence: 'echo' })
    assert.deepEqual(turns(held), ['exactly once'])
  })

test('a turn that outlives its server is recalled when it is over', { skip }, async (t) => {
  const held = await holdIdle(t, fakeTui)
  const line = await connectHolder(held.settings.socket, held.session.generation)
  line?.send({ op: 'inject', deliveryId: deliveryId('one'), text: 'SLOW:3 turn', turn: true })
  await eventually(() => turns(held).length === 1, 'it was sent')
  line?.close()
  assert.deepEqual(await held.connect().recall(deliveryId('one')), { kind: 'completed', heuristic: true })
  assert.deepEqual(
    held.log().map(({ ev }) => ev),
    ['turn', 'done'],
  )
})

for (const [script, end, readiness] of [
  ['exit 7', { exitCode: 7 }, { kind: 'ended', exitCode: 7 }],
  ['kill -TERM $$', { signal: 'SIGTERM' }, { kind: 'ended', why: 'it was ended by SIGTERM' }],
] as const)
  test(`the end of "${script}" is told and written down`, { skip }, async (t) => {
    const held = await hold(t, sh(script))
    await eventually(() => held.tombstones().length === 1, 'the tombstone is written')
    assert.deepEqual(held.tombstones(), [{ session: 'build', generation: held.session.generation, ...end }])
    assert.deepEqual(await held.connection.state(AbortSignal.timeout(3000)), readiness)
    await eventually(async () => !(await held.holderRuns()), 'the holder is gone')
    assert.throws(() => statSync(held.settings.socket))
    assert.equal((await held.connection.state(AbortSignal.timeout(3000))).kind, 'ended')
    assert.equal((await held.inject('anybody')).kind, 'ended')
  })

test('a holder outlives a hangup and takes its program along when told to stop', { skip }, async (t) => {
  const held = await hold(t, fakeTui)
  process.kill(held.settings.holderPid, 'SIGHUP')
  assert.equal((await untilFree(held, 'still here')).kind, 'taken')
  process.kill(held.settings.holderPid, 'SIGTERM')
  await eventually(() => held.tombstones().length === 1, 'the tombstone is written')
})

test('a holder that was killed is an ended session', { skip }, async (t) => {
  const held = await hold(t, sh('cat'))
  process.kill(held.settings.holderPid, 'SIGKILL')
  await isNow(held, 'ended')
})

test('a socket of another opening is not recognized', { skip }, async (t) => {
  const held = await hold(t, sh('cat'))
  assert.equal(await connectHolder(held.settings.socket, 'another'), undefined)
})

test('the socket is for its owner alone', { skip }, async (t) => {
  const held = await hold(t, sh('cat'))
  assert.equal(statSync(held.settings.socket).mode & 0o777, 0o600)
  assert.equal(statSync(dirname(held.settings.socket)).mode & 0o777, 0o700)
})

test("the program gets the caller's environment without our secrets", { skip }, async (t) => {
  const held = await hold(t, sh('env > got; cat'), {
    env: { POSTERN_SECRET: 'x', COLOUR: 'green', TERM: 'dumb' },
  })
  await eventually(() => held.file('got').includes('COLOUR=green\n'), 'it wrote its environment')
  const env = held.file('got').split('\n')
  assert.ok(env.includes('POSTERN_SESSION=build'))
  assert.ok(env.includes(`PWD=${held.dir}`))
  assert.ok(env.includes('TERM=xterm-256color'))
  assert.ok(!env.some((line) => line.startsWith('POSTERN_SECRET')))
})

test("a program's queries are answered when nobody looks", { skip }, async (t) => {
  const held = await hold(t, sh('stty raw -echo; printf "\\033[c"; head -c 3 > got; cat > /dev/null'))
  await eventually(() => held.file('got') === '\x1b[?', 'it was answered')
})

test('a command that cannot be started is refused in words', { skip }, async (t) => {
  await assert.rejects(holdProgram(['/no/such/program']), (thrown) => {
    assert.ok(thrown instanceof Failure)
    assert.equal(thrown.code, 'usage')
    assert.match(thrown.message, /no\/such\/program/)
    return true
  })
  const held = await hold(t, sh('cat'))
  const start = { ...held.settings, runDir: join(held.dir, 'x'.repeat(120)), env: process.env }
  await assert.rejects(
    startHolder({
      ...start,
      holder: holderMain(''),
      session: 'a',
      generation: 'b',
      size: { columns: 80, rows: 24 },
    }),
    /107 bytes|103 bytes/,
  )
})

test('a runtime without terminals says so', async () => {
  const platform = { runtime: 'deno', openTerminal: undefined } as unknown as Parameters<typeof runHolder>[1]
  const options = { socket: '', session: '', generation: '', command: [], cwd: '/', env: {} }
  const rest = {
    size: { columns: 80, rows: 24 },
    multiline: 'flatten',
    onReady: () => {},
    onEnd: async () => true,
  } as const
  await assert.rejects(runHolder({ ...options, ...rest }, platform), { code: 'unsupported' })
})
