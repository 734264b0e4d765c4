import type { DriverSettings } from '../../../src/domain/session.ts'
import { claudeStreamDriver } from '../../../src/drivers/claude-stream/driver.ts'
import {
  type Bench,
  type FakeKind,
  fakeCommand,
  openBench as openOwned,
  ownedHarness,
} from '../agent-process/bench.ts'

const fake: FakeKind = { make: claudeStreamDriver, fixture: 'fake-claude.mjs', prefix: 'FAKE_CLAUDE' }

export type { Bench }
export const fakeClaude = fakeCommand(fake.fixture)
export const openBench = (settings?: DriverSettings): Promise<Bench> => openOwned(fake, settings)
export const streamHarness = ownedHarness('claude-stream', fake)
