import { testDriver } from '../../suites/driver.ts'
import { streamHarness } from './harness.ts'

testDriver(streamHarness)
