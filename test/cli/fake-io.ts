import { once } from 'node:events'
import type { Io, ServerAnswer } from '../../src/cli/context.ts'
import { runCli } from '../../src/cli/index.ts'
import type { GivenAnswer } from '../../src/domain/decision.ts'
import type { Delivery, DeliveryRecord } from '../../src/domain/delivery.ts'
import type { Connection, Driver, Readiness } from '../../src/domain/driver.ts'
import { Failure } from '../../src/domain/error.ts'
import { homeAt } from '../../src/domain/home.ts'
import type { HomePlace } from '../../src/domain/home-state.ts'
import type { Store } from '../../src/domain/ports.ts'
import type { ScreenSnapshot } from '../../src/domain/screen-snapshot.ts'
import type { Session, SessionId } from '../../src/domain/session.ts'
import { neededCommand } from '../../src/inbound/delivery-curl.ts'
import { draftOf, newId, sessionCalled } from '../support/drafts.ts'
import { createMemoryState, type MemoryState, openMemoryStore } from '../support/memory-store.ts'

export const start = Date.parse('2026-11-22T10:00:00.250Z')

/** A machine in memory: what `Io` would find on a real one. */
export interface World extends MemoryState {
  now: number
  /** How far the wall clock is ahead of the store's. */
  skew: number
  readonly io: Io
  readonly store: Store
  readonly backups: string[]
  /** Sessions whose agents were ended, in order. */
  readonly ended: SessionId[]
  /** Sessions whose agents have a capability. */
  readonly selves: Set<SessionId>
  readonly started: Parameters<Awaited<ReturnType<Io['terminalHolder']>>['start']>[0][]
  /** Words of people that were given to agents by their hooks. */
  readonly confirmed: GivenAnswer[]
  readonly relayed: Parameters<Awaited<ReturnType<Io['relay']>>['send']>[0][]
  /** Sessions for which events of hooks are kept. */
  readonly listeners: SessionId[]
  readonly requests: { method: string; path: string; body: unknown }[]
  readonly stop: AbortController
  answer: ServerAnswer | undefined
  look: Awaited<ReturnType<Io['look']>>
  copied: Awaited<ReturnType<Io['copyStore']>>['tables']
  readiness: Readiness
  /** The signing keys that are there. */
  kids: readonly string[]
  /** Homes of other doors at the store. */
  elsewhere: readonly HomePlace[]
  /** What terminals show; there are none while it is undefined. */
  screen: ScreenSnapshot | undefined
  opens: number
  closes: number
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export type Facts = Partial<
  Pick<
    Io,
    | 'env'
    | 'terminal'
    | 'read'
    | 'ask'
    | 'config'
    | 'hooks'
    | 'modeOf'
    | 'hasStore'
    | 'probe'
    | 'drivers'
    | 'openHome'
    | 'now'
    | 'acceptLoss'
  >
>

/** Runs one command line in that world. */
export async function cli(world: World, argv: readonly string[], facts: Facts = {}): Promise<Ran> {
  let [stdout, stderr] = ['', '']
  const io: Io = {
    ...world.io,
    ...facts,
    stdout: (text) => {
      stdout += text
    },
    stderr: (text) => {
      stderr += text
    },
  }
  return { code: await runCli(argv, io), stdout, stderr }
}

export function createWorld(): World {
  const state = createMemoryState()
  const backups: string[] = []
  const store: Store = {
    ...openMemoryStore(() => world.now, state),
    backup: async (path) => void backups.push(path),
  }
  const world: World = Object.assign(state, {
    ...{ now: start, skew: 0 },
    io: undefined as unknown as Io,
    ...{ store, backups, ended: [], started: [], confirmed: [], relayed: [], listeners: [], requests: [] },
    selves: new Set<SessionId>(),
    stop: new AbortController(),
    answer: undefined,
    ...{ look: { troubles: [] }, copied: [], elsewhere: [], kids: ['k1'] },
    readiness: { kind: 'idle' as const },
    screen: undefined,
    opens: 0,
    closes: 0,
  })
  addSession(world, 'build')
  return Object.assign(world, { io: ioOf(world) })
}

export function addSession(world: World, id: string, change: Partial<Session> = {}): Session {
  const opened = { generation: `first of ${id}`, driver: 'inbox', settings: {}, openedAt: start - 60_000 }
  const session = sessionCalled(id as SessionId, { ...opened, ...change })
  world.sessions.set(session.id, session)
  return session
}

/** One more delivery, received a millisecond after the one before. */
export function addDelivery(world: World, change: Partial<DeliveryRecord> = {}): DeliveryRecord {
  const { events = [], attemptList = [], headers = {}, payload, contentType, ...about } = change
  const seq = ++world.lastSeq
  const at = world.now + seq
  const draft = draftOf({ payload, contentType, headers, receivedAt: at })
  const delivery: Delivery = {
    ...{ id: newId(at), seq, session: 'build' as SessionId, source: draft.source, action: draft.action },
    ...{ state: 'PENDING', phase: 'deliver', message: draft.message, failures: 0, attempts: 0 },
    ...{ receivedAt: at, storedAt: at, dueAt: at, expiresAt: at + 86_400_000 },
    ...about,
  }
  world.rows.push({ delivery, draft, events: [...events], attempts: [...attemptList] })
  world.version++
  return { ...delivery, ...change, events, attemptList, headers }
}

export const deliveryIn = ({ rows }: World, id: string | undefined): Delivery | undefined =>
  rows.find(({ delivery }) => delivery.id === id)?.delivery

function ioOf(world: World): Io {
  const random = counter()
  return {
    stdout: () => {},
    stderr: () => {},
    outputClosed: () => false,
    env: {},
    cwd: '/somewhere',
    userHome: '/home/user',
    now: () => world.now,
    random,
    terminal: { stdin: false, stdout: false, stderr: false, columns: 80, rows: 24 },
    stopping: world.stop.signal,
    program: { version: '0.1.0', runtime: 'test 1', target: 'linux-x64', command: ['/usr/bin/postern'] },
    read: async (path) => {
      throw new Failure('not_found', `There is no file ${path}.`)
    },
    ask: async () => '',
    modeOf: async (path) => (path.endsWith('/door.json') ? undefined : 0o700),
    useStore: () => {},
    hasStore: async () => true,
    probe: async () => {
      throw new Failure('unreachable', 'nobody answers')
    },
    drivers: async () => new Map(drivers.map((driver) => [driver.kind, driver])),
    openHome: async (home) => {
      world.opens++
      return {
        paths: homeAt(home),
        config: {
          server: { grantTtlSeconds: 2_592_000 },
          webhooks: { hooks: [{ name: 'github' }] },
          limits: { queuePerSession: 1000, turnsAtOnce: 0, openWaits: 8, waitSeconds: 86_400 },
          retry: { maxHoldSeconds: 86_400 },
        },
        baseUrl: 'https://host',
        store: world.store,
        tokens: { mint: async ({ grant }) => `token-of-${grant}`, read: async () => undefined },
        clock: { now: () => world.now, random: () => 0.5, bytes: random },
        skew: () => world.skew,
        drivers: async () => new Map(drivers.map((driver) => [driver.kind, driver])),
        connect: async (session) => connectionOf(world, session),
        skills: async () => ['deploy', 'review'],
        selves: {
          open: async ({ id, state }) => {
            if (state === 'ended') throw new Failure('session_ended', 'It has ended.')
            world.selves.add(id)
            return `${id}.self`
          },
          renew: async () => {
            for (const id of world.selves)
              if (world.sessions.get(id)?.state === 'ended') world.selves.delete(id)
          },
        },
        nextLook: async () => {},
        close: async () => {
          world.closes++
        },
      }
    },
    server: async () => ({
      url: 'http://127.0.0.1:7717',
      request: async (method, path, options) => {
        world.requests.push({ method, path, body: options?.body })
        if (!world.answer) throw new Failure('unreachable', 'No server answers at http://127.0.0.1:7717.')
        return world.answer
      },
    }),
    config: async () => ({
      file: '/home/user/.postern/preferences/webhooks.json',
      schema: async () => ({ type: 'object' }),
      load: async () => ({
        printable: { server: { port: 7717 } },
        warnings: [],
        server: { host: '127.0.0.1', allowedHosts: [] },
      }),
    }),
    hooks: async () => {
      return {
        list: async () => [],
        targets: async () => [],
        test: async () => {
          throw new Error('no hooks here')
        },
        curl: async (record, base) => {
          const { note, line } = neededCommand(record, [])
          return { note, line: line({ base, now: world.now }) }
        },
      }
    },
    keys: async () => ({
      kids: () => world.kids,
      rotate: async (graceMs) => ({ kid: 'k2', retireAt: world.now + graceMs, elsewhere: world.elsewhere }),
      replaceLost: async () => ({ kid: 'k3', kept: 0, revoked: 2, aside: [] }),
      adopt: async () => ({ kids: ['k1', 'k2'], revoked: 3 }),
      export: async (rotate) => ({
        signingKeys: rotate ? `k1:s1:${rotate.graceMs},k2:s2` : 'k1:s1',
        adminToken: 'a1',
      }),
    }),
    acceptLoss: async () => ({ detail: 'The log is gone.' }),
    look: async () => world.look,
    copyStore: async (_home, to) => ({
      ...{
        to,
        file: '/home/user/.postern/postern.db',
        configFile: '/home/user/.postern/preferences/webhooks.json',
      },
      tables: world.copied,
    }),
    restore: async () => ({ held: 0, revoked: 0 }),
    relay: async () => ({
      send: (call) => {
        world.relayed.push(call)
      },
      permission: async () => undefined,
      confirm: async (_home, answer) => {
        world.confirmed.push(answer)
        return true
      },
      listen: async (_runDir, { id }) => {
        world.listeners.push(id)
      },
      settings: async ({ session, home }) => [
        { agent: 'helper', title: 'Helper', where: 'save it', text: `relay ${home} ${session}`, value: 1 },
      ],
    }),
    terminalHolder: async () => ({
      start: async (wanted) => {
        world.started.push(wanted)
        return { socket: 'run/1.sock' }
      },
      attach: async () => ({ kind: 'ended', code: 7 }),
      find: async () => undefined,
    }),
    ownSession:
      async () =>
      async (method, path, { body } = {}) => {
        world.requests.push({ method, path, body })
        return { status: 200, body: {} }
      },
    serveMcp: async (home) => void world.requests.push({ method: 'mcp', path: home, body: undefined }),
    join: async (home, order) => {
      world.requests.push({ method: 'join', path: home, body: order })
      return 0
    },
    leave: async () => ({ url: 'https://door.example' }),
    serve: async (home, flags) => {
      world.requests.push({ method: 'serve', path: home, body: flags })
      return 0
    },
    confirmAnswer: async () => 0,
    holdTerminal: async (args) => args.length,
  }
}

/** Bytes that are never the same twice: 01 01 …, 02 02 …. */
function counter(): (length: number) => Uint8Array {
  let turn = 0
  return (length) => new Uint8Array(length).fill(++turn)
}

const connectionOf = (world: World, session: Session): Connection => ({
  state: async () => world.readiness,
  inject: async () => ({ kind: 'busy', why: 'test' }),
  turn: async () => ({ kind: 'busy', why: 'test' }),
  skills: async () => undefined,
  ...(world.screen && { watchScreen: watchOf(world.screen) }),
  recall: async () => undefined,
  end: async () => {
    world.ended.push(session.id)
  },
  close: async () => {},
})

const watchOf =
  (screen: ScreenSnapshot): NonNullable<Connection['watchScreen']> =>
  async (show, signal) => {
    show(screen)
    if (!signal.aborted) await once(signal, 'abort')
    return 'over'
  }

const drivers: readonly Driver[] = (['inbox', 'command', 'pty'] as const).map((kind) => ({
  kind,
  summary: kind,
  delivery: kind === 'inbox' ? 'pull' : 'push',
  prepare: async (settings, { cwd }) => ({ cwd, ...settings }),
  connect: () => {
    throw new Error('the world connects by itself')
  },
}))
