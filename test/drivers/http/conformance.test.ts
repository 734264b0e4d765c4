import { testDriver } from '../../suites/driver.ts'
import { httpHarness } from './harness.ts'

testDriver(httpHarness)
