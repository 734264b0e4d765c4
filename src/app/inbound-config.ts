import type { Config } from '../config/load.ts'
import type { Connections } from '../delivery/connections.ts'
import type { Hook } from '../domain/hook.ts'
import type { Session } from '../domain/session.ts'
import { hasSkill } from '../drivers/agents/skills.ts'
import type { InboundHooks } from '../inbound/authenticate-webhook.ts'
import { createHookRenderer, type HookRenderer } from '../inbound/webhook-message.ts'

/** The doors below `/api/hooks/` as the configuration has them now. */
export const inboundHooksOf = ({ webhooks, sessions, limits }: Config): InboundHooks => ({
  enabled: webhooks.enabled,
  secrets: webhooks.secrets,
  hooks: webhooks.hooks,
  wakeSession: sessions.wake,
  agentSession: sessions.agent,
  hookBytes: limits.hookBytes,
})

/** Templates and filters are made ready once for each hook of each loaded configuration. */
export function createHookRenderers(): (hook: Hook) => HookRenderer {
  const renderers = new WeakMap<Hook, HookRenderer>()
  return (hook) => {
    const known = renderers.get(hook) ?? createHookRenderer(hook)
    renderers.set(hook, known)
    return known
  }
}

/** Whether an `agent` request may name that session. */
export const mayName = ({ sessions }: Config, session: string): boolean =>
  session === sessions.agent || sessions.allow.includes('*') || sessions.allow.includes(session)

const askMs = 3000

/** Whether a session has a skill: its agent is asked first, then the folders of skills are looked through. */
export async function sessionHasSkill(
  connections: Connections,
  places: { readonly root: string; readonly userHome: string; readonly dirs: readonly string[] },
  session: Session,
  skill: string,
): Promise<boolean> {
  const known = await connections.to(session)?.skills(AbortSignal.timeout(askMs))
  const cwd = typeof session.settings.cwd === 'string' ? session.settings.cwd : places.root
  return hasSkill(known, { agent: undefined, cwd, home: places.userHome, dirs: places.dirs }, skill)
}
