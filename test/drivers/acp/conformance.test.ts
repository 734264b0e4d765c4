import { testDriver } from '../../suites/driver.ts'
import { acpHarness } from './harness.ts'

testDriver(acpHarness)
