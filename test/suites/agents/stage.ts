import assert from 'node:assert/strict'
import type { AgentBench } from '../../support/agents.ts'
import type { Served } from '../../support/binary.ts'
import { configure, hooks, post, type Shown, seen, until } from '../../support/hooks.ts'

export const session = 'webhook-agent'

/** An agent with one session of Postern to it, and a server in between that may be killed and started again. */
export interface Stage {
  readonly bench: AgentBench
  /** Knocks with the session's capability URL. `wait` in seconds. */
  knock(message: string, wait?: number): Promise<Knocked>
  /** A whole turn, by the agent hook. Resolves when its delivery is settled. */
  turn(message: string): Promise<Shown>
  /** The same, and does not wait. */
  begin(message: string): Promise<string>
  /** Resolves when each of them is DELIVERED or FAILED. */
  settled(...ids: readonly string[]): Promise<readonly Shown[]>
  show(id: string): Promise<Shown>
  /** Resolves once the model has been asked something that matches. */
  asked(what: RegExp): Promise<void>
  /** The one that runs now. */
  server(): Served
  kill9(): Promise<void>
  restart(): Promise<void>
  close(): Promise<void>
}

interface Knocked {
  readonly status: number
  readonly id: string
}

/** `add` holds what follows `session add`; with none the session is there already. */
export async function openStage(bench: AgentBench, add?: readonly string[]): Promise<Stage> {
  configure(bench.home, { ...hooks(), retry: { attempts: 2, baseSeconds: 1 } })
  if (add) {
    const added = await bench.postern('session', 'add', session, ...add)
    assert.equal(added.code, 0, added.stderr)
  }
  const exposed = await bench.postern('expose', '--session', session, '--quiet')
  const path = new URL(exposed.stdout.trim()).pathname
  let server: Served = await bench.serve()
  const begin = async (message: string) => {
    const answer = await post(`${server.url}/api/hooks/agent`, { message })
    assert.equal(answer.status, 202, answer.text)
    return String(answer.body.deliveryId)
  }
  const settled = (...ids: readonly string[]) => Promise.all(ids.map((id) => bench.settled(server, id)))
  return {
    bench,
    begin,
    settled,
    knock: async (message, wait = 0) => {
      const answer = await post(
        `${server.url}${path}`,
        { message },
        { authorization: '', prefer: `wait=${wait}` },
      )
      return { status: answer.status, id: String(answer.body.deliveryId ?? '') }
    },
    turn: async (message) => {
      const [shown] = await settled(await begin(message))
      assert.ok(shown)
      return shown
    },
    show: (id) => seen(bench.home, server, id),
    asked: async (what) => {
      await until(`the model is asked ${what}`, () => wasAsked(bench, what) || undefined)
    },
    server: () => server,
    kill9: () => server.kill9(),
    restart: async () => {
      server = await bench.serve()
    },
    close: async () => {
      await server.stop()
      await bench.postern('session', 'end', session)
      await bench.close()
    },
  }
}

const wasAsked = ({ model }: AgentBench, what: RegExp): boolean =>
  model.requests().some(({ turns }) => what.test(turns.findLast(({ role }) => role === 'user')?.text ?? ''))

/** Those of the agent's user messages that contain `part`. */
export const saidOf = ({ bench }: Stage, part: string): readonly string[] =>
  bench.userMessages().filter((message) => message.includes(part))

/** What runs of the agent itself: not Postern, tmux or the model. */
export const agentProcesses = async ({ bench }: Stage) =>
  (await bench.processes()).filter(({ command }) =>
    command
      .split(' ')
      .slice(0, 3)
      .some((word) => word.endsWith(`/${bench.name}`) || word === bench.name),
  )

/** Those of the agent's user messages that contain `part` are these: terminals and transcripts are late, and trim. */
export async function assertSaid(stage: Stage, part: string, expected: readonly string[]): Promise<void> {
  const said = () => saidOf(stage, part).map((message) => message.trim())
  await until(`${expected.length} of "${part}"`, () => said().length >= expected.length || undefined).catch(
    () => {},
  )
  assert.deepEqual(said(), expected)
}

/** As `assertSaid`, for one message that is no more than this text, whatever others contain it. */
export async function assertSaidAlone(stage: Stage, text: string): Promise<void> {
  const alone = () =>
    saidOf(stage, text)
      .map((message) => message.trim())
      .filter((message) => message === text)
  await until(`"${text}" alone`, () => alone().length > 0 || undefined).catch(() => {})
  assert.deepEqual(alone(), [text])
}
