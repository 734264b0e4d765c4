import { resolve } from 'node:path'
import type { BenchHome } from './home.ts'
import { type Bench, inRounds, pause, timed } from './plan.ts'
import { body } from './wrk.ts'

/** From the knock until an idle agent has it: typed and taken in a terminal, printed by a waiting `postern inbox`. */
export async function outcomes({ plan, home }: Bench) {
  await using postern = await home()
  return {
    typed: await intoTerminal(postern, plan.times),
    fetched: await inRounds(plan.times, () => intoInbox(postern)),
  }
}

const fakeTui = resolve(import.meta.dirname, '../../test/fixtures/fake-tui.mjs')
/** A turn of the fake agent takes 150 ms, and a screen must have been quiet for 1,200 ms before it is taken for idle. */
const idleMs = 1600

async function intoTerminal({ cli, cliAtExit, port }: BenchHome, times: number): Promise<readonly number[]> {
  // A terminal outlives every server: one of an interrupted bench ends before its home goes.
  const endAtExit = () => cliAtExit('session', 'end', 'terminal')
  process.prependOnceListener('exit', endAtExit)
  await cli('run', '--session', 'terminal', '--detach', '--', process.execPath, fakeTui)
  try {
    const url = new URL(await cli('expose', '--session', 'terminal', '--quiet'))
    return await inRounds(times, async () => {
      await pause(idleMs)
      return timed(() => knock(`http://127.0.0.1:${port}${url.pathname}`, 'wait=10', 200))
    })
  } finally {
    await cli('session', 'end', 'terminal')
    process.off('exit', endAtExit)
  }
}

/** Enough for `postern inbox --wait` to have found nothing and to wait. */
const waitingMs = 300

async function intoInbox({ cli, start, port, paths }: BenchHome): Promise<number> {
  const waiting = start('inbox', '--session', 'alpha', '--wait', '--timeout', '10')
  await pause(waitingMs + Math.random() * 200)
  const startedAt = performance.now()
  await knock(`http://127.0.0.1:${port}${paths[0]}`, 'wait=0', 202)
  const [id = ''] = (await waiting.printed).split('\n')
  const took = performance.now() - startedAt
  await waiting.ended
  await cli('inbox', 'ack', id)
  return took
}

async function knock(url: string, prefer: string, expected: number): Promise<void> {
  const headers = { 'content-type': 'application/json', prefer }
  const { status } = await fetch(url, { method: 'POST', headers, body })
  if (status !== expected) throw new Error(`A knock was answered ${status} in place of ${expected}.`)
}
