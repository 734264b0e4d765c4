import type { Driver } from '../domain/driver.ts'
import { startAcp } from './acp/agent.ts'
import { parseAcp, storedAcp } from './acp/settings.ts'
import { ownedDriver } from './owned/driver.ts'
import type { OwnedNeeds } from './owned/wire.ts'

/** An agent that speaks the Agent Client Protocol. */
export const acpDriver = (needs: OwnedNeeds): Driver =>
  ownedDriver(needs, {
    kind: 'acp',
    summary:
      'starts and keeps an ACP agent (opencode acp, gemini --acp, qwen --acp, pi-acp, claude-agent-acp, codex-acp)',
    parse: parseAcp,
    stored: storedAcp,
    start: startAcp,
  })
