import { testDriver } from '../../suites/driver.ts'
import { piHarness } from './harness.ts'

testDriver(piHarness)
