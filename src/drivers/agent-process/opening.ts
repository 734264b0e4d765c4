import type { Discovered, DiscoveryPlace, DriverTools } from '../../domain/driver.ts'
import type { DriverSettings, Session } from '../../domain/session.ts'
import type { AgentKind } from '../agents/kinds.ts'
import type { SkillPlace } from '../agents/skills.ts'
import type { DriverDeps } from '../deps.ts'
import type { AgentOrder, Named, Started, Turn } from './agent.ts'
import type { AgentJournal, Taken } from './journal.ts'

export interface OwnedDeps extends DriverDeps {
  /** How long an agent may take to end a turn that was cancelled; then it is hung, and its process is ended. 5 s. */
  readonly cancelMs?: number
}

export interface OwnedSettings {
  /** Program and arguments. Never through a shell. */
  readonly command: readonly string[]
  /** Absolute. */
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Whose skills and way of calling them. */
  readonly agent?: AgentKind
  /** The agent's own id of the conversation, which the next process goes on with. */
  readonly conversation?: string
}

/** What the drivers of agent processes differ in. */
export interface OwnedKind<S extends OwnedSettings> {
  /** Also begins the names of its log events. */
  readonly kind: string
  readonly summary: string
  /** Settings as a person gave them, or as they were stored. Throws `usage` naming what is wrong. */
  readonly parse: (settings: DriverSettings, cwd: string) => S
  readonly stored: (settings: S) => DriverSettings
  /** Starts its process and opens the conversation. Resolves with why not; ends the process when `signal` aborts. */
  readonly start: (order: AgentOrder, settings: S, signal: AbortSignal) => Promise<Started>
  readonly discover?: (place: DiscoveryPlace) => Promise<readonly Discovered[]>
  /** Others use the agent's process as well: it is reached, never started or ended, and its turns outlive this process. */
  readonly foreign?: (settings: S) => boolean
  /** The agent can tell what became of a delivery, by `Agent.rejoin`. */
  readonly recovers?: boolean
}

/** One opening of a session, and what goes on in it. */
export interface Opening<S extends OwnedSettings = OwnedSettings> {
  readonly kind: string
  readonly foreign: boolean
  readonly deps: OwnedDeps
  readonly session: Session
  readonly tools: DriverTools
  readonly journal: AgentJournal
  readonly ending: AbortController
  /** What an earlier server had under way when it ended, until `recall` has told it. */
  left: Promise<Taken | undefined>
  settings: S
  /** A message is on its way or its turn runs, until then. */
  claim: { readonly free: Promise<void> } | undefined
  agent: Extract<Started, { kind: 'agent' }>['agent'] | undefined
  starting: Promise<Started> | undefined
  turn: Turn | undefined
  /** `since`: the age of the message that an agent is wanted for. */
  readonly ready: (since?: number) => Promise<Started>
}

/** Known agents list commands such as `/help` among their skills, so there a skill has to lie in a folder as well. */
export const areSkills = ({ settings }: Opening, { mixed }: Named): boolean =>
  !mixed || settings.agent === undefined

export const skillPlace = ({ deps, settings }: Opening, userHome: string): SkillPlace => ({
  agent: settings.agent,
  cwd: settings.cwd,
  home: settings.env?.HOME ?? deps.env.HOME ?? userHome,
  dirs: deps.skillDirs(),
})
