import type { DriverSettings } from '../../../src/domain/session.ts'
import { piDriver } from '../../../src/drivers/pi/driver.ts'
import {
  type Bench,
  type FakeKind,
  fakeCommand,
  openBench as openOwned,
  ownedHarness,
} from '../agent-process/bench.ts'

const fake: FakeKind = { make: piDriver, fixture: 'fake-pi.mjs', prefix: 'FAKE_PI' }

export type { Bench }
export const fakePi = fakeCommand(fake.fixture)
export const openBench = (settings?: DriverSettings): Promise<Bench> => openOwned(fake, settings)
export const piHarness = ownedHarness('pi', fake)
