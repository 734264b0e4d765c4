import { testDriver } from '../../suites/driver.ts'
import { ownHarness, sharedHarness } from './harness.ts'

testDriver(ownHarness)
testDriver(sharedHarness)
