import type { Session } from '../../domain/session.ts'
import { agentInFront } from '../agents/foreground.ts'
import { agentRunBy } from '../agents/kinds.ts'
import { appendHookEvent, openHookEvents } from './event-file.ts'
import {
  type HookedAgent,
  type HookPayload,
  hookedAgents,
  isHookedAgent,
  type Relay,
} from './hooked-agents.ts'

/** One call of a hook. */
interface HookCall {
  readonly runDir: string
  readonly agent: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Else the one whose terminal this is. */
  readonly session?: string
  /** JSON, as the agent gave it. */
  readonly payload: string
}

/**
 * Appends to a session's event file what its agent's hook was given. Throws for a payload that makes no sense, and
 * where there is no event file.
 */
export function relayHook({ runDir, agent, env, session = env.POSTERN_SESSION, payload }: HookCall): void {
  if (!isHookedAgent(agent) || !session || !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(session))
    throw new Error('the agent or the session is not named')
  const parsed = JSON.parse(payload) as HookPayload
  const { read, daemon } = hookedAgents[agent]
  const event = read(parsed)
  if (!event) return
  const conversation = String(parsed.session_id ?? parsed['thread-id'] ?? '')
  const pane = daemon ? undefined : env.TMUX_PANE
  appendHookEvent(runDir, session, { ...event, conversation, ...(pane && { pane }) })
}

/** Events are kept only where an event file exists. */
export const createEventFile = (runDir: string, session: Pick<Session, 'id' | 'generation'>): Promise<void> =>
  openHookEvents(runDir, session).begin()

/** The settings that make one agent report its turns. */
export interface HookSettings {
  readonly agent: string
  readonly title: string
  readonly where: string
  readonly text: string
  readonly value: unknown
}

interface HookSettingsQuery {
  /** The agent's command line, or what a driver knows of it. */
  readonly command?: readonly string[]
  readonly settings?: Readonly<Record<string, unknown>>
  /** Needed where the agent's environment does not name its session. */
  readonly session?: string
  /** What the agent asks is put before people. `withinMs`: how long its hook waits for them, unless as is best for that agent. */
  readonly decisions?: { readonly withinMs?: number } | undefined
  /** The command that runs this very program. */
  readonly program: readonly string[]
  readonly home: string
}

/** Settings for the agent that runs there; for every agent with hooks where that is not known. */
export async function hookSettings(query: HookSettingsQuery): Promise<readonly HookSettings[]> {
  const agent = await agentOf(query)
  const kinds = agent ? [agent] : Object.keys(hookedAgents).filter(isHookedAgent)
  return kinds.map((kind) => {
    const { title, where, settings } = hookedAgents[kind]
    return { agent: kind, title, where, ...settings(relayOf(kind, query)) }
  })
}

/** What a hook may take longer than it waits for a decision. */
const marginSeconds = 10

function relayOf(kind: HookedAgent, { program, home, session, decisions }: HookSettingsQuery): Relay {
  const named = session === undefined ? [] : ['--session', session]
  const each = [...program, 'hook-relay', kind, '--home', home, ...named]
  const { waitsMs } = hookedAgents[kind]
  if (!decisions || waitsMs === undefined) return { each }
  const seconds = Math.ceil((decisions.withinMs ?? waitsMs) / 1000)
  return {
    each,
    permission: { line: [...each, '--decide', `${seconds}s`], seconds: seconds + marginSeconds },
  }
}

async function agentOf({ command = [], settings = {} }: HookSettingsQuery): Promise<HookedAgent | undefined> {
  const { agent, preset, panePid } = settings
  const shown = typeof panePid === 'number' ? await agentInFront(panePid) : undefined
  return [agent, preset, agentRunBy(command), shown].find(isHookedAgent)
}
