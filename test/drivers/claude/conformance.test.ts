import { testDriver } from '../../suites/driver.ts'
import { claudeHarness } from './harness.ts'

testDriver(claudeHarness)
