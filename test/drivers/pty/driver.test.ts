import { groupMembers, isRunning } from '../../../src/drivers/process/process.ts'
import { type StartedAgent, testDriver } from '../../suites/driver.ts'
import { fakeTui, type Held, holdProgram, noTerminals } from '../../support/terminal.ts'

const alive = (held: Held) => async () =>
  (await held.holderRuns()) || (await groupMembers(held.settings.childPid)).length > 0

const shared = (held: Held): Pick<StartedAgent, 'connection' | 'alive' | 'die' | 'hang' | 'stop'> => ({
  connection: held.connection,
  alive: alive(held),
  die: async () => {
    process.kill(held.settings.childPid, 'SIGKILL')
    const { childPid: pid, childStart: start } = held.settings
    while (await isRunning({ pid, start })) await new Promise((resolve) => setTimeout(resolve, 10))
  },
  hang: async () => {
    process.kill(held.settings.childPid, 'SIGSTOP')
  },
  stop: held.stop,
})

const idle = async (held: Held) => {
  while ((await held.connection.state(AbortSignal.timeout(3000))).kind !== 'idle')
    await new Promise((resolve) => setTimeout(resolve, 50))
  return held
}

const common = {
  skip: noTerminals,
  delivery: 'push',
  ownsAgent: true,
  close: 'leaves',
  cannot: { goAway: 'a holder that is gone has taken its terminal with it' },
  turns: 'silent',
} as const

testDriver({
  ...common,
  name: 'pty with an agent',
  multiline: true,
  longestLine: 100_000,
  start: async () => {
    const held = await idle(await holdProgram(fakeTui))
    return {
      ...shared(held),
      received: async () => held.log().flatMap(({ ev, text }) => (ev === 'turn' ? [text] : [])),
      busyWith: 'SLOW:30 work',
    }
  },
})

const loop =
  'while IFS= read -r line; do printf "%s\\n" "$line" >> got; echo "got: $line"; case $line in sleep*) sleep 30;; esac; done'

testDriver({
  ...common,
  name: 'pty with a line reader',
  multiline: false,
  longestLine: 4095,
  start: async () => {
    const held = await idle(await holdProgram(['bash', '-c', loop]))
    return {
      ...shared(held),
      received: async () => held.file('got').split('\n').slice(0, -1),
      busyWith: 'sleep now',
    }
  },
})
