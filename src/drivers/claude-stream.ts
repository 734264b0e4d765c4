import type { Driver } from '../domain/driver.ts'
import { startStream } from './claude/stream/agent.ts'
import { parseStream, storedStream } from './claude/stream/settings.ts'
import { ownedDriver } from './owned/driver.ts'
import type { OwnedNeeds } from './owned/wire.ts'

/** A Claude Code of our own without a terminal, spoken to in stream-json. */
export const claudeStreamDriver = (needs: OwnedNeeds): Driver =>
  ownedDriver(needs, {
    kind: 'claude-stream',
    summary: 'starts and keeps a Claude Code without a terminal (stream-json)',
    parse: parseStream,
    stored: storedStream,
    start: startStream,
  })
