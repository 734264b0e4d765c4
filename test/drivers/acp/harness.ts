import type { DriverSettings } from '../../../src/domain/session.ts'
import { acpDriver } from '../../../src/drivers/acp/driver.ts'
import {
  type Bench,
  type FakeKind,
  fakeCommand,
  openBench as openOwned,
  ownedHarness,
} from '../agent-process/bench.ts'

const fake: FakeKind = { make: acpDriver, fixture: 'fake-acp-agent.mjs', prefix: 'FAKE_ACP' }

export type { Bench }
export const fakeAgent = fakeCommand(fake.fixture)
export const openBench = (settings?: DriverSettings): Promise<Bench> => openOwned(fake, settings)
export const acpHarness = ownedHarness('acp', fake)
