import { testDriver } from '../../suites/driver.ts'
import { asAgent, linesRead, logged, noTmux, openLoop, openTui } from './harness.ts'

const skip = noTmux()

testDriver({
  name: 'tmux with an agent',
  skip,
  delivery: 'push',
  ownsAgent: false,
  close: 'leaves',
  multiline: true,
  longestLine: Number.POSITIVE_INFINITY,
  turns: 'silent',
  start: async () => ({
    ...asAgent(await openTui(), (folder) => logged(folder, 'turn')),
    busyWith: 'SLOW:30 think about it',
  }),
})

testDriver({
  name: 'tmux with a line reader',
  skip,
  delivery: 'push',
  ownsAgent: false,
  close: 'leaves',
  multiline: false,
  longestLine: 4095,
  turns: 'silent',
  start: async () => ({ ...asAgent(await openLoop(), linesRead), busyWith: 'work now' }),
})
