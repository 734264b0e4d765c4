import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { DeliveryId } from '../../../src/domain/delivery.ts'
import type { Connection, TurnEvents } from '../../../src/domain/driver.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import type { DriverSettings } from '../../../src/domain/session.ts'
import { eventually } from '../../suites/driver.ts'
import { type Bench, dirIn, openBench, openSharedBench, type SharedBench } from './harness.ts'

export const deliveryId = 'whd_000000000000000000000001' as DeliveryId
export const quiet: TurnEvents = { accepted: async () => {}, progress: () => {} }
export const patience = () => AbortSignal.timeout(20_000)

export const inject = (connection: Connection, text: string, signal = patience(), id = deliveryId) =>
  connection.inject({ deliveryId: id, text }, signal)

export const turn = (connection: Connection, text: string, signal = patience(), on = quiet) =>
  connection.turn({ deliveryId, text }, signal, on)

export const untilFree = async (connection: Connection, text: string): Promise<Outcome> => {
  for (;;) {
    const outcome = await inject(connection, text)
    if (outcome.kind !== 'busy') return outcome
  }
}

/** With a codex of its own; nothing of it is left. */
export const own = (title: string, body: (bench: Bench) => Promise<void>, settings: DriverSettings = {}) =>
  test(`codex of its own ${title}`, async () => {
    const bench = await openBench(settings)
    try {
      await body(bench)
    } finally {
      await bench.remove()
    }
    assert.equal(await bench.anyRuns(), false)
  })

export const shared = (title: string, body: (bench: SharedBench) => Promise<void>) =>
  test(`codex that others use ${title}`, async () => {
    const bench = await openSharedBench()
    try {
      await body(bench)
    } finally {
      await bench.remove()
    }
  })

/** A server that is killed once its message has arrived, or was accepted where codex reacts to it. */
export async function killedServer(bench: Bench, how: 'inject' | 'turn', text: string): Promise<void> {
  const main = fileURLToPath(new URL('crash-main.ts', import.meta.url))
  const runtime = 'Deno' in globalThis ? ['run', '-A', '--no-check', main] : [main]
  const session = { ...bench.session, settings: bench.remembered.at(-1) ?? bench.session.settings }
  const args = [...runtime, JSON.stringify(session), join(bench.folder, 'run'), how, deliveryId, text]
  const before = (await bench.prompts()).length
  const env = { ...process.env, FAKE_CODEX_DIR: dirIn(bench.folder), FAKE_CODEX_STAYS: '1' }
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env })
  const dead = new Promise((resolve) => server.once('exit', resolve))
  const accepted = new Promise((resolve) => server.stdout.once('data', resolve))
  await eventually(async () => (await bench.prompts()).length > before, 'it got the message')
  if (text.includes('CHATTY')) await accepted
  server.kill('SIGKILL')
  await dead
}
