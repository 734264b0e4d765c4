import type { Driver } from '../../domain/driver.ts'
import { ownedDriver } from '../agent-process/sessions.ts'
import type { OwnedNeeds } from '../agent-process/wire.ts'
import { startStream } from './agent.ts'
import { parseStream, storedStream } from './settings.ts'

/** A Claude Code of our own without a terminal, spoken to in stream-json. */
export const claudeStreamDriver = (needs: OwnedNeeds): Driver =>
  ownedDriver(needs, {
    kind: 'claude-stream',
    summary: 'starts and keeps a Claude Code without a terminal (stream-json)',
    parse: parseStream,
    stored: storedStream,
    start: startStream,
  })
