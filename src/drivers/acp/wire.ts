import type { DriverTools } from '../../domain/driver.ts'
import type { Session } from '../../domain/session.ts'
import type { SkillPlace } from '../skills.ts'
import type { Agent, Started } from './agent.ts'
import type { AgentRecord, Taken } from './record.ts'
import type { AcpSettings } from './settings.ts'
import type { Turn } from './turn.ts'

export interface AcpNeeds {
  /** What agents inherit, save Postern's own settings. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly skillDirs: () => readonly string[]
  /** How long an agent may take to end a turn that was cancelled; then it is hung, and its process is ended. 5 s. */
  readonly cancelMs?: number
}

/** One opening of a session, and what goes on in it. */
export interface AcpWire {
  readonly needs: AcpNeeds
  readonly session: Session
  readonly tools: DriverTools
  readonly record: AgentRecord
  readonly ending: AbortController
  /** What a server that is gone had under way, until somebody asked. */
  left: Promise<Taken | undefined>
  settings: AcpSettings
  /** A message is on its way or its turn runs, until then. */
  claim: { readonly free: Promise<void> } | undefined
  agent: Agent | undefined
  starting: Promise<Started> | undefined
  turn: Turn | undefined
  readonly ready: () => Promise<Started>
}

export const skillPlace = ({ needs, settings }: AcpWire, userHome: string): SkillPlace => ({
  agent: settings.agent,
  cwd: settings.cwd,
  home: settings.env?.HOME ?? needs.env.HOME ?? userHome,
  dirs: needs.skillDirs(),
})
