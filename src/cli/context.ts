import type { DeliveryRecord } from '../domain/delivery.ts'
import type { Connection, Driver } from '../domain/driver.ts'
import type { Home } from '../domain/home.ts'
import type { Accepted, HomeLook, KeepGrants, KeyTools, Restored } from '../domain/home-state.ts'
import type { Hook } from '../domain/hook.ts'
import type { HostName } from '../domain/host.ts'
import type { Clock, Store, Tokens } from '../domain/ports.ts'
import type { Session } from '../domain/session.ts'
import type { StoreCopy } from '../domain/store-copy.ts'
import type { WaitLimits } from '../domain/wait.ts'
import type { AgentHooks } from './agent-hooks.ts'
import type { TerminalHolder } from './terminal-holder.ts'

/** Everything outside of the command line; what takes time to load behind a method. `home` is always an absolute path. */
export interface Io {
  /** Throws `store_unavailable` on a full disk. A reader that has gone is no failure: `outputClosed` tells. */
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  readonly outputClosed: () => boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** The user's own directory. */
  readonly userHome: string
  /** Unix milliseconds. */
  readonly now: () => number
  readonly random: (length: number) => Uint8Array
  readonly terminal: TerminalFacts
  /** Aborts at ^C and SIGTERM. */
  readonly stopping: AbortSignal
  readonly program: ProgramFacts
  /** The bytes of a file, or of standard input for `-`. Throws `not_found` when there is no such file, or it cannot be read. */
  readonly read: (path: string) => Promise<Uint8Array>
  /** A question on standard error, and the line that is typed as its answer; empty at the end of the input. */
  readonly ask: (question: string) => Promise<string>
  /** The permission bits of a file or directory; undefined when there is none. */
  readonly modeOf: (path: string) => Promise<number | undefined>
  /** Requests a URL without credentials. Throws `unreachable`. */
  readonly probe: (url: string, signal: AbortSignal) => Promise<ProbeResult>
  /** Every driver of this build, by kind. */
  readonly drivers: () => Promise<ReadonlyMap<string, Driver>>

  /**
   * Opens the home for one command, creating it when it is new; no server is needed. In a database of a server nothing is made: where
   * its tables are not those of this version this throws `home_unusable` (`storeToMake`).
   */
  readonly openHome: (home: string) => Promise<LocalHome>
  /** The store of every home lies there from now on (`--store`). */
  readonly useStore: (address: string) => void
  /** Whether a home has anything stored yet, here or at the door it has joined, as far as that can be seen without asking. Changes nothing. */
  readonly hasStore: (home: string) => Promise<boolean>
  /** A client of the running server with the admin token. Throws `unreachable` when no server runs. */
  readonly server: (home: string) => Promise<ServerClient>
  readonly config: (home: string) => Promise<ConfigFile>
  readonly hooks: (home: string) => Promise<HookTools>
  readonly keys: (home: string) => Promise<KeyTools>
  /** Puts a backup in place of the database. Throws `already_running`, `not_found`, `usage`. */
  readonly restore: (home: string, file: string, options: KeepGrants) => Promise<Restored>
  /** Goes on with what there is of the database. Throws `already_running`, and `usage` where nothing is lost. */
  readonly acceptLoss: (home: string, options: KeepGrants) => Promise<Accepted>
  /** Copies what the home's file holds into an empty database. Throws `already_running`, `usage`, `store_unavailable`. */
  readonly copyStore: (home: string, to: string) => Promise<StoreCopy>
  /** Looks once at a home and its database. Changes nothing. */
  readonly look: (home: string) => Promise<HomeLook>
  readonly terminalHolder: (home: string) => Promise<TerminalHolder>
  /** Hooks of agents: what `hook-relay` and `--print-hooks` need. */
  readonly relay: () => Promise<AgentHooks>
  /** Asks the server for the session in whose agent this process runs. Throws `session_missing` outside of every session. */
  readonly ownSession: (home: string) => Promise<ServerClient['request']>
  /** Serves the tools of an agent to one MCP client on standard input and output, until its input ends. */
  readonly serveMcp: (home: string) => Promise<void>
  /** Serves until stopped; resolves with the exit code. */
  readonly serve: (home: string, flags: ServeFlags) => Promise<number>
  /** Runs the agents of this machine for a door elsewhere until stopped; resolves with the exit code. */
  readonly join: (home: string, order: JoinOrder) => Promise<number>
  /** The home is no door's any more. Throws `usage` where it has joined none. */
  readonly leave: (home: string) => Promise<{ readonly url: string }>
  /** The terminal holder's own process: what `TerminalHolder.start` starts. */
  readonly holdTerminal: (args: readonly string[]) => Promise<number>
  /** The process that finds out whether a hook's answer counted, see `AgentHooks.confirm`. */
  readonly confirmAnswer: (args: readonly string[]) => Promise<number>
}

interface TerminalFacts {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  /** Of standard output; 80 when it is no terminal. */
  readonly columns: number
  readonly rows: number
}

interface ProgramFacts {
  readonly version: string
  /** For example `bun 1.4.5`; its target for example `linux-x64`. */
  readonly runtime: string
  readonly target: string
  /** The command that runs this very program again. */
  readonly command: readonly string[]
}

/** The home, opened. */
export interface LocalHome {
  readonly paths: Home
  /** The getter throws `config_invalid` when the configuration is broken. */
  readonly config: HomeConfig
  /** What URLs of grants begin with (see `manage/urls.ts`). Throws as `config` does. */
  readonly baseUrl: string
  readonly store: Store
  readonly tokens: Tokens
  readonly clock: Clock
  /** How far the wall clock is ahead of the store's own time. Milliseconds. */
  readonly skew: () => number
  /** As which this machine owns sessions: of a home that has joined a door, or shares its store; absent for the only door of a store. */
  readonly host?: HostName
  /** That door, and whether a process serves for this host there now (`postern join`). */
  readonly door?: { readonly url: string; readonly isServed: boolean }
  /** Loaded at the first call. */
  readonly drivers: () => Promise<ReadonlyMap<string, Driver>>
  /** The driver's connection to an opening of a session; undefined when this build has no such driver. */
  readonly connect: (session: Session) => Promise<Connection | undefined>
  /** The skills in folders where the agent of a session finds them: the agent itself is not asked. Throws as `config` does. */
  readonly skills: (session: Session) => Promise<readonly string[]>
  /** The capabilities of agents: `open` writes one, gives its path, and throws `session_ended`; `renew` takes back those whose sessions are over. */
  readonly selves: {
    readonly open: (session: Session) => Promise<string>
    readonly renew: () => Promise<void>
  }
  /**
   * Between two looks at what other processes do to the store (`changedElsewhere`): resolves soon after one of them wrote, in
   * any case within some 200 ms, and as soon as `signal` aborts.
   */
  readonly nextLook: (signal: AbortSignal) => Promise<void>
  readonly close: () => Promise<void>
}

/** The part of the configuration that commands look at. */
interface HomeConfig {
  readonly server: { readonly grantTtlSeconds: number | 'never' }
  readonly limits: { readonly queuePerSession: number } & WaitLimits
  readonly retry: { readonly maxHoldSeconds: number }
  /** The getter of `hooks` throws `unsupported` where they are those of the door that the home has joined. */
  readonly webhooks: { readonly hooks: readonly { readonly name: string }[] }
}

export interface ServerClient {
  readonly url: string
  /** Throws `unreachable`; resolves with every answer of the server, refusals too. */
  readonly request: (
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    options?: { readonly body?: unknown; readonly signal?: AbortSignal },
  ) => Promise<ServerAnswer>
}

export interface ServerAnswer {
  readonly status: number
  /** Parsed JSON, or undefined when there is none. */
  readonly body: unknown
}

/** What answered at a URL. */
export interface ProbeResult {
  readonly status: number
  /** The body is one of Postern's. */
  readonly ours: boolean
  /** The code of a problem document. */
  readonly code?: string
  /** The `Date` header, in Unix milliseconds. */
  readonly date?: number
}

export interface ConfigFile {
  readonly file: string
  /** JSON Schema of the configuration file. */
  readonly schema: () => Promise<unknown>
  /** The configuration in force, without secrets. Throws `config_invalid`. */
  readonly load: () => Promise<{
    readonly printable: unknown
    readonly warnings: readonly string[]
    readonly server: {
      readonly host: string
      /** That of the running server, or the last one, whatever says so: flags, variables, the configuration. */
      readonly publicUrl?: string
      readonly allowedHosts: readonly string[]
    }
  }>
}

/** Where an active hook delivers to. */
export interface HookTarget {
  readonly name: string
  readonly session: string
  /** Each message is a turn, which an agent has to take. */
  readonly turns: boolean
  readonly builtIn: boolean
}

export interface HookTools {
  /** With the session that each speaks to. */
  readonly list: () => Promise<readonly Hook[]>
  /** Of active hooks, but for sessions that the configuration declares: those are opened by the server. */
  readonly targets: () => Promise<readonly HookTarget[]>
  /** What a payload would become, or the example of the hook's preset; nothing is stored or sent. Throws `not_found` for a hook that is not configured. */
  readonly test: (
    name: string,
    payload: Uint8Array | undefined,
    headers: Readonly<Record<string, string>>,
  ) => Promise<Rehearsal>
  /** What sends a delivery's request again from a shell, and what to know before it is pasted. Throws `not_found`. */
  readonly curl: (record: DeliveryRecord, base: string) => Promise<Readonly<Record<'note' | 'line', string>>>
}

export type Rehearsal =
  | {
      readonly kind: 'message'
      readonly message: string
      readonly session: string
      readonly skill?: string
      /** What the payload lacks that the hook makes its message of. */
      readonly warning?: string
    }
  | { readonly kind: 'ignored'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string; readonly warning?: string }

/** Which door a home joins, files by absolute paths (`-` reads the token); nothing where it has joined already. */
export type JoinOrder = { readonly [Name in 'url' | 'tokenFile' | 'ca']?: string }

export type ServeFlags = { readonly port?: number } & {
  readonly [Name in 'host' | 'publicUrl' | 'tlsCert' | 'tlsKey']?: string
}
