import type { GivenAnswer, HookPermission } from '../domain/decision.ts'
import type { DriverSettings, Session } from '../domain/session.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Hooks of agents, as commands need them. */
export interface AgentHooks {
  /** Leaves an event for a session. Throws when the event is malformed, or no listener waits. */
  readonly send: (call: {
    readonly runDir: string
    readonly agent: string
    readonly env: Env
    readonly session?: string
    readonly payload: string
  }) => void
  /** The permission that the agent asks for by this event; undefined where there is none that a person could decide. */
  readonly permission: (agent: string, payload: string, env: Env) => Promise<HookPermission | undefined>
  /** Starts a process that finds out whether an answer that was given to an agent counted. False where it does not start. */
  readonly confirm: (home: string, answer: GivenAnswer) => Promise<boolean>
  /** Keeps events of that session from now on, so that its first message already finds them. */
  readonly listen: (runDir: string, session: Session) => Promise<void>
  /** Settings for the agent that runs there; for every agent with hooks where that is not known. */
  readonly settings: (wanted: {
    readonly command?: readonly string[]
    readonly settings?: DriverSettings
    readonly session?: string
    /** What the agent asks is put before people, for so long where that is given. */
    readonly decisions?: { readonly withinMs?: number } | undefined
    readonly home: string
  }) => Promise<readonly HookSettings[]>
}

export interface HookSettings {
  readonly agent: string
  readonly title: string
  /** What to do with them. */
  readonly where: string
  readonly text: string
  readonly value: unknown
}
