import { testDriver } from '../../suites/driver.ts'
import { opencodeHarness } from './harness.ts'

testDriver(opencodeHarness)
