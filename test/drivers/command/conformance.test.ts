import { testDriver } from '../../suites/driver.ts'
import { commandHarness } from './harness.ts'

testDriver(commandHarness)
