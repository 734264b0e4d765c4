import type { Hook } from '../domain/hook.ts'
import type { NoticeReceiver } from '../domain/notice.ts'

/** The whole configuration with every default filled in and every secret resolved. Plain data. */
export interface Config {
  readonly server: ServerConfig
  readonly webhooks: WebhooksConfig
  readonly sessions: SessionsConfig
  /** Who is told what happens. */
  readonly notify: readonly NoticeReceiver[]
  readonly skills: { readonly dirs: readonly string[] }
  readonly limits: LimitsConfig
  readonly retry: RetryConfig
  /** The address of the database that holds everything; without one a file in the home does. */
  readonly store?: string
  readonly retention: { readonly days: number }
  /** What a person should know although it does not stop the server. */
  readonly warnings: readonly string[]
}

/** What signs outgoing requests that have no secret of their own, newest first. */
export const outgoingSecrets = ({
  server,
  webhooks,
}: Pick<Config, 'server' | 'webhooks'>): readonly string[] =>
  server.callbacks.secrets.length > 0 ? server.callbacks.secrets : webhooks.secrets

/** Who may see a page: anyone who reaches the server, holders of the admin token, nobody. */
type Access = 'open' | 'admin' | 'off'
type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface ServerConfig {
  readonly host: string
  readonly port: number
  /** Where the world reaches this server, without a trailing slash. */
  readonly publicUrl?: string
  /** Host names accepted besides those of `host` and `publicUrl`. */
  readonly allowedHosts: readonly string[]
  /** IP addresses or CIDR blocks whose `X-Forwarded-For` counts. */
  readonly trustedProxies: readonly string[]
  /** Absolute paths of PEM files. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string }
  /** Undefined: open on loopback, else for the admin. */
  readonly docs?: Access
  readonly metrics?: Access
  readonly grantTtlSeconds: number | 'never'
  /** How long a knock waits for its outcome unless its request says otherwise. */
  readonly waitSeconds: number
  /** How long a stopping server lets knocks in flight finish. */
  readonly drainSeconds: number
  readonly logLevel: LogLevel
  readonly callbacks: CallbacksConfig
}

interface CallbacksConfig {
  /** Host names, IP addresses or CIDR blocks that callbacks may reach although they are not public. */
  readonly allow: readonly string[]
  /** Signs callbacks, newest first; empty: the hook secret does. */
  readonly secrets: readonly string[]
}

export interface WebhooksConfig {
  readonly enabled: boolean
  /** The shared secret; several while it is being rotated. Empty only when webhooks are not enabled. */
  readonly secrets: readonly string[]
  readonly hooks: readonly Hook[]
}

export interface SessionsConfig {
  /** Where `wake` goes. */
  readonly wake: string
  /** Where `agent` goes unless the request names a session. */
  readonly agent: string
  /** Sessions an `agent` request may name besides its default; `*` for all. */
  readonly allow: readonly string[]
  /** From where the API registers sessions other than inboxes: they start programs here, or reach them. */
  readonly registerFrom: 'here' | 'anywhere'
  readonly declared: readonly DeclaredSession[]
}

interface DeclaredSession {
  readonly id: string
  readonly driver: string
  /** Only its driver reads these. */
  readonly settings: { readonly [key: string]: unknown }
  /** Permission requests that may be answered with yes without a person, by the name of the tool. */
  readonly permissions: readonly string[]
  /** People decide on what its agent asks. */
  readonly decisions: boolean
}

/** 0 means no limit. */
export interface LimitsConfig {
  readonly knocksPerMinute: number
  readonly authFailuresPerMinute: number
  readonly queuePerSession: number
  readonly turnsAtOnce: number
  /** How long a person has to decide on what an agent asks. */
  readonly decisionSeconds: number
  readonly messageBytes: number
  /** For `wake`, `agent` and hooks that set no `maxBodyBytes`. */
  readonly hookBytes: number
  /** Open waits of one session. */
  readonly openWaits: number
  /** Longest time that a wait stands open. */
  readonly waitSeconds: number
}

export interface RetryConfig {
  readonly baseSeconds: number
  readonly capSeconds: number
  readonly attempts: number
  /** How long a message may wait for its session. */
  readonly maxHoldSeconds: number
  /** How long a message waits until that is told. */
  readonly waitingSeconds: number
}
