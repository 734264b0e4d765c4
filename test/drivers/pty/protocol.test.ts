import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import type { Session, SessionId } from '../../../src/domain/session.ts'
import { ptyDriver } from '../../../src/drivers/pty/driver.ts'
import { deliveryId, holdProgram, noTerminals } from '../../support/terminal.ts'

// What 0.1.0 wrote to the socket of a holder. Holders outlive the binary that started them: never to be edited.

const id = deliveryId('one')

interface Exchange {
  readonly request: string
  readonly replies: readonly string[]
  readonly accepted?: string
  readonly result: unknown
}

const exchanges: Readonly<Record<'state' | 'inject' | 'turn' | 'recall', Exchange>> = {
  state: {
    request: '{"op":"state"}',
    replies: ['{"is":"state","readiness":{"kind":"blocked","why":"it asks a question"}}'],
    result: { kind: 'blocked', why: 'it asks a question' },
  },
  inject: {
    request: `{"op":"inject","deliveryId":"${id}","text":"hello there","turn":false}`,
    replies: ['{"is":"outcome","outcome":{"kind":"taken","evidence":"echo"}}'],
    result: { kind: 'taken', evidence: 'echo' },
  },
  turn: {
    request: `{"op":"inject","deliveryId":"${id}","text":"hello there","turn":true}`,
    replies: [
      '{"is":"accepted","evidence":"marker"}',
      '{"is":"asks","what":"permission: Bash"}',
      '{"is":"outcome","outcome":{"kind":"completed","answer":"fine"}}',
    ],
    accepted: 'marker',
    result: { kind: 'completed', answer: 'fine' },
  },
  recall: {
    request: `{"op":"recall","deliveryId":"${id}"}`,
    replies: ['{"is":"outcome"}'],
    result: undefined,
  },
}

/** A holder of 0.1.0 that answers one kind of request. */
async function oldHolder(t: TestContext, { request, replies }: Exchange): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'pty-old-'))
  const server = createServer((socket) => {
    socket.write('{"is":"hello","generation":"g1"}\n')
    createInterface(socket).on('line', (line) => {
      assert.equal(line, request)
      for (const reply of replies) socket.write(`${reply}\n`)
    })
  })
  t.after(() => {
    server.close()
    rmSync(folder, { recursive: true })
  })
  const path = join(folder, 'h.sock')
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return path
}

function connectTo(socket: string) {
  const session: Session = {
    ...{ id: 'build' as SessionId, generation: 'g1', driver: 'pty', state: 'live', openedAt: 0 },
    settings: {
      ...{ socket, holderPid: process.pid, holderStart: 'x', childPid: process.pid, childStart: 'x' },
      ...{ command: ['agent'], cwd: '/' },
    },
  }
  const tools = { runDir: '/', now: () => 0, remember: async () => {}, log: () => {} }
  return ptyDriver({ env: {}, skillDirs: () => [] }).connect(session, tools)
}

for (const [kind, exchange] of Object.entries(exchanges))
  test(`ptyDriver drives a holder of 0.1.0: ${kind}`, async (t) => {
    const connection = connectTo(await oldHolder(t, exchange))
    const [signal, message] = [AbortSignal.timeout(10_000), { deliveryId: id, text: 'hello there' }]
    const seen: string[] = []
    const on = {
      accepted: async (evidence = 'none') => void seen.push(evidence),
      progress: () => {},
    }
    const call = {
      state: () => connection.state(signal),
      inject: () => connection.inject(message, signal),
      turn: () => connection.turn(message, signal, on),
      recall: () => connection.recall(id),
    }[kind]
    assert.deepEqual(await call?.(), exchange.result)
    assert.deepEqual(seen, exchange.accepted === undefined ? [] : [exchange.accepted])
    await connection.close()
  })

/** The lines that a holder sends to a client of 0.1.0, one after the other. */
function oldClient(t: TestContext, path: string): { socket: Socket; next: () => Promise<unknown> } {
  const socket = createConnection(path)
  t.after(() => socket.destroy())
  const lines = createInterface(socket)[Symbol.asyncIterator]()
  return { socket, next: async () => JSON.parse((await lines.next()).value ?? 'null') }
}

test('runHolder serves a client of 0.1.0', { skip: noTerminals ?? false }, async (t) => {
  const held = await holdProgram(['sh', '-c', 'read line; echo "got $line"; exit 7'])
  t.after(held.stop)
  const { socket, next } = oldClient(t, held.settings.socket)
  // What that client does not know it does not read.
  const { session, ...hello } = (await next()) as Record<string, unknown>
  assert.deepEqual([session, hello], ['build', { is: 'hello', generation: held.session.generation }])
  socket.write(`{"op":"recall","deliveryId":"${id}"}\n`)
  assert.deepEqual(await next(), { is: 'outcome' })
  socket.write('{"op":"attach","terminal":{"columns":80,"rows":24}}\n')
  socket.write(`{"op":"keys","data":"${Buffer.from('hi\r').toString('base64')}"}\n`)
  let [shown, end]: [string, unknown] = ['', undefined]
  while (end === undefined) {
    const reply = (await next()) as { is: string; data?: string; end?: unknown }
    if (reply.is === 'output') shown += Buffer.from(reply.data ?? '', 'base64')
    else end = reply
  }
  assert.match(shown, /got hi/)
  assert.deepEqual(end, { is: 'end', end: { exitCode: 7 } })
})
