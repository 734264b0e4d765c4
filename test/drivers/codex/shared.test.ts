import assert from 'node:assert/strict'
import { mkdir, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { DeliveryEvent } from '../../../src/domain/delivery.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import type { DriverSettings } from '../../../src/domain/session.ts'
import { begin } from '../../../src/drivers/codex/thread.ts'
import { eventually } from '../../suites/driver.ts'
import {
  deliveryId,
  inject,
  otherDelivery,
  patience,
  quiet,
  timeout,
  turn,
  untilFree,
} from '../../suites/owned-driver.ts'
import { fakeServer, openBench, openSharedBench, type SharedBench } from './harness.ts'

const shared = (title: string, body: (bench: SharedBench) => Promise<void>) =>
  test(`codex that others use ${title}`, async () => {
    const bench = await openSharedBench()
    try {
      await body(bench)
    } finally {
      await bench.remove()
    }
  })

const died = { kind: 'turn_failed', why: 'exited', detail: 'codex ended while its turn ran' } as const

/** The person who has the conversation open says something. */
const say = ({ person, threadId }: SharedBench, text: string) =>
  person.call('turn/start', { threadId, input: [{ type: 'text', text, text_elements: [] }] })

const answer = (toolCalls: number, text: string): Outcome => ({ kind: 'completed', answer: text, toolCalls })

shared('waits while a person has a turn there', async (bench) => {
  const { connection, prompts } = bench
  await say(bench, 'CHATTY SLOW:2')
  await eventually(async () => (await connection.state(patience())).kind === 'busy', 'it is busy')
  assert.deepEqual(await inject(connection, 'meanwhile'), { kind: 'busy', why: 'a turn runs' })
  assert.deepEqual(await prompts(), ['CHATTY SLOW:2'])
  assert.equal((await untilFree(connection, 'afterwards')).kind, 'taken')
  assert.deepEqual(await prompts(), ['CHATTY SLOW:2', 'afterwards'])
})

shared('leaves an approval to the person, through 20 messages', async (bench) => {
  const { connection, person, prompts, notes, threadId } = bench
  const events: DeliveryEvent[] = []
  const on = { ...quiet, progress: (event: DeliveryEvent) => void events.push(event) }
  const running = turn(connection, 'TOOL', patience(), on)
  await eventually(async () => (await connection.state(patience())).kind === 'blocked', 'it is blocked')
  for (let count = 1; count <= 20; count++)
    assert.equal((await inject(connection, `number ${count}`)).kind, 'busy')
  assert.deepEqual(await notes('approvals.jsonl'), [])
  const read = await person.call('thread/read', { threadId })
  assert.match(JSON.stringify(read), /waitingOnApproval/)
  await person.call('fake/decide', { threadId, decision: 'accept' })
  assert.deepEqual(await running, answer(1, 'ECHO[1]: TOOL'))
  assert.deepEqual(await prompts(), ['TOOL'])
  assert.ok(events.some(({ kind }) => kind === 'held'))
  assert.equal((await turn(connection, 'now')).kind, 'completed')
})

for (const [text, asks] of [
  ['TOOL', "permission: bash -lc 'touch x'"],
  ['QUESTION', 'an answer: Which colour?'],
] as const)
  shared(`says what a person is asked there: ${text}`, async (bench) => {
    const { connection, person, notes, threadId } = bench
    await say(bench, text)
    await eventually(async () => (await connection.state(patience())).kind === 'blocked', 'it is blocked')
    assert.deepEqual(await connection.state(patience()), {
      kind: 'blocked',
      why: `it waits for ${asks}`,
      asks,
    })
    assert.deepEqual(await notes('approvals.jsonl'), [])
    await person.call('fake/decide', { threadId, decision: 'accept' })
    await eventually(async () => (await connection.state(patience())).kind === 'idle', 'it went on')
  })

shared('interrupts a turn over its time, and only that', async (bench) => {
  const { connection } = bench
  const stop = new AbortController()
  const running = turn(connection, 'CHATTY SLOW:600', stop.signal, {
    ...quiet,
    accepted: async () => stop.abort(timeout()),
  })
  const outcome = await running
  assert.ok(outcome.kind === 'turn_failed' && outcome.why === 'timeout', JSON.stringify(outcome))
  assert.deepEqual(await turn(connection, 'next'), answer(0, 'ECHO[2]: next'))
})

shared('leaves a turn alone that it lets go of, and finds it again', async (bench) => {
  const { connection, prompts } = bench
  const stop = new AbortController()
  const running = turn(connection, 'CHATTY SLOW:1', stop.signal, {
    ...quiet,
    accepted: async () => stop.abort(),
  })
  assert.equal((await running).kind, 'released')
  await connection.close()
  const next = bench.connect()
  assert.deepEqual(await next.recall(deliveryId), answer(0, 'on it.\nECHO[1]: CHATTY SLOW:1'))
  assert.deepEqual(await prompts(), ['CHATTY SLOW:1'])
})

shared('finds the turn of a server that was killed, and how it ended', async (bench) => {
  await bench.killedServer('turn', deliveryId, 'CHATTY SLOW:1')
  const next = bench.connect()
  assert.equal(await next.recall(otherDelivery), undefined)
  assert.deepEqual(await next.recall(deliveryId), answer(0, 'on it.\nECHO[1]: CHATTY SLOW:1'))
  assert.deepEqual(await bench.prompts(), ['CHATTY SLOW:1'])
  assert.deepEqual(await turn(next, 'next'), answer(0, 'ECHO[2]: next'))
})

shared('finds a message that was added to the turn of a person', async (bench) => {
  const { connection, person, threadId } = bench
  await say(bench, 'CHATTY SLOW:2')
  const input = [{ type: 'text', text: 'between', text_elements: [] }]
  await person.call('turn/start', { threadId, input, clientUserMessageId: deliveryId })
  const outcome = await connection.recall(deliveryId)
  assert.equal(outcome?.kind, 'completed', JSON.stringify(outcome))
})

shared('goes on by itself when only its connection broke off', async ({ connection, prompts }) => {
  const broken = await turn(connection, 'CHATTY LOST SLOW:0.5')
  assert.equal(broken.kind, 'offline', JSON.stringify(broken))
  assert.deepEqual(await connection.recall(deliveryId), answer(0, 'on it.\nECHO[1]: CHATTY LOST SLOW:0.5'))
  assert.deepEqual(await prompts(), ['CHATTY LOST SLOW:0.5'])
})

shared('is offline while its server is, and says what became of the turn', async (bench) => {
  const { connection, server } = bench
  const running = turn(connection, 'CHATTY SLOW:600', patience(), {
    ...quiet,
    accepted: () => server.kill(),
  })
  assert.equal((await running).kind, 'offline')
  const state = await connection.state(patience())
  assert.ok(state.kind === 'offline' && state.why.includes('nobody listens there'), JSON.stringify(state))
  assert.equal((await connection.recall(deliveryId))?.kind, 'offline')
  await server.start()
  assert.deepEqual(await connection.recall(deliveryId), { ...died, answer: 'on it.' })
  // Its conversation is in the files now, open to nobody.
  assert.deepEqual(await connection.state(patience()), { kind: 'idle' })
  assert.deepEqual(await turn(connection, 'next'), answer(0, 'ECHO[2]: next'))
})

shared('hears of another turn than its own', async ({ connection, notes }) => {
  assert.deepEqual(await turn(connection, 'NOISE'), answer(0, 'ECHO[1]: NOISE'))
  assert.deepEqual((await notes('pongs.jsonl')).at(-1), 'p')
})

for (const text of ['FAIL', 'EMPTY', 'HOOKED', 'STOPPED'])
  shared(`does not take a turn that ends so: ${text}`, async ({ connection, prompts }) => {
    assert.equal((await inject(connection, text)).kind, 'turn_failed')
    assert.equal((await turn(connection, text)).kind, 'turn_failed')
    assert.deepEqual(await prompts(), [text, text])
  })

shared('brings 60 KB whole', async ({ connection, prompts }) => {
  const long = Array.from({ length: 1200 }, (_, line) => `${line} "Grüße" 🎉 \\ ${'x'.repeat(36)}`).join('\n')
  assert.equal((await turn(connection, long)).kind, 'completed')
  assert.deepEqual(await prompts(), [long])
})

test('codex prepare takes the conversation that is open, and asks which when there are several', async () => {
  const bench = await openSharedBench()
  const { driver, server, folder, person, threadId } = bench
  const prepare = (settings: DriverSettings, cwd = folder) =>
    driver.prepare({ socket: server.socket, ...settings }, { cwd })
  assert.deepEqual(await prepare({}), { socket: server.socket, cwd: folder, threadId })
  assert.deepEqual(await prepare({}, '/'), { socket: server.socket, cwd: folder, threadId })
  const other = await begin(person, '/elsewhere')
  assert.equal((await prepare({})).threadId, threadId)
  await assert.rejects(prepare({}, '/srv'), (error: Error) => error.message.includes(other))
  await person.call('thread/delete', { threadId: other })
  await person.call('thread/delete', { threadId })
  await assert.rejects(prepare({}), /no open conversation/)
  await server.kill()
  await assert.rejects(prepare({}), /nobody listens there/)
  await bench.remove()
})

test('codex discover finds the conversations that are open and not reached yet', async () => {
  const bench = await openSharedBench()
  const { driver, folder, server, person, threadId } = bench
  const userHome = join(folder, 'home')
  const socket = join(userHome, '.codex/app-server-control/app-server-control.sock')
  const discover = (reached: readonly DriverSettings[] = []) =>
    driver.discover?.({ env: {}, userHome, reached, signal: patience() }) ?? []
  assert.deepEqual(await discover(), [])
  await mkdir(dirname(socket), { recursive: true })
  await symlink(server.socket, socket)
  assert.deepEqual(await discover(), [
    {
      what: `codex conversation in ${folder}, idle`,
      live: true,
      way: 'own',
      id: 'codex',
      add: ['--driver', 'codex', '--socket', socket, '--set', `threadId=${threadId}`],
    },
  ])
  assert.deepEqual(await discover([{ socket, threadId }]), [])
  await person.call('thread/delete', { threadId })
  assert.deepEqual(await discover(), [])
  await bench.remove()
})

test('codex prepare completes the settings of a server and names what is wrong', async () => {
  const { driver, remove } = await openBench()
  const prepare = (settings: DriverSettings) => driver.prepare(settings, { cwd: '/srv' })
  assert.deepEqual(await prepare({ socket: 'here.sock', threadId: 't' }), {
    ...{ socket: '/srv/here.sock', cwd: '/srv', threadId: 't' },
  })
  const wrong: readonly (readonly [DriverSettings, RegExp])[] = [
    [{ socket: '/s', permissions: ['execute'] }, /of its own/],
    [{ socket: '/s', tokenEnv: 'T' }, /only with a url/],
    [{ url: 'http://127.0.0.1:1' }, /ws:/],
    [{ url: 'ws://me:secret@127.0.0.1:1' }, /no credentials/],
  ]
  for (const [settings, why] of wrong) await assert.rejects(prepare(settings), why)
  await remove()
})

test('codex at a URL wants its token, and is offline without', async () => {
  const bench = await openBench()
  const server = fakeServer(bench.folder, 'ws://127.0.0.1:0', { FAKE_CODEX_TOKEN: 'open sesame' })
  try {
    await server.start()
    const url = `ws://127.0.0.1:${await server.port()}`
    const states: readonly (readonly [string, string, RegExp])[] = [
      ['CODEX_TEST_TOKEN', 'ended', /does not know the conversation/],
      ['CODEX_TEST_WRONG', 'offline', /answered 401/],
      ['CODEX_TEST_UNSET', 'offline', /CODEX_TEST_UNSET is not set/],
    ]
    for (const [tokenEnv, kind, why] of states) {
      const connection = bench.connect({ url, tokenEnv, cwd: '/', threadId: 'unknown' })
      const state = await connection.state(patience())
      assert.equal(state.kind, kind)
      assert.match(JSON.stringify(state), why)
    }
  } finally {
    await server.kill()
    await bench.remove()
  }
})
