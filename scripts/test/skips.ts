const itsChild = 'inject waits for a host that is away [its agent runs here, as its child]'
const comesBack = 'state and inject say that a dead agent has ended [a dead agent is started again]'
const ofItsOwn = (name: string): readonly string[] => [`${name}: ${itsChild}`, `${name}: ${comesBack}`]
const noHost = 'inject waits for a host that is away [a holder that is gone has taken its terminal with it]'

const provesNoBody = (name: string): string =>
  `${name}: refuses a changed byte of the body [a secret that is shown proves no body]`

/** By test file: tests that are skipped although everything is there. Their titles end with the reason. */
export const expectedSkips: Readonly<Record<string, readonly string[]>> = {
  'test/providers/conformance.test.ts': [
    ...['bearer', 'basic', 'azure-event-grid', 'cloudevents'].map(provesNoBody),
    'discord: signs its sample [only Discord has the private key]',
    'discord: answers its handshake, and no stranger’s [only Discord has the private key]',
    'amazon-sns: signs its sample [only Amazon has the private key]',
    'amazon-sns: answers its handshake, and no stranger’s [only Amazon has the private key]',
    'microsoft-graph: signs its sample [the proof stands in the body]',
  ],
  'test/drivers/acp/conformance.test.ts': ofItsOwn('acp'),
  'test/drivers/claude-stream/conformance.test.ts': ofItsOwn('claude-stream'),
  'test/drivers/codex/conformance.test.ts': ofItsOwn('codex of its own'),
  'test/drivers/pi/conformance.test.ts': ofItsOwn('pi'),
  'test/drivers/command/conformance.test.ts': [
    'command: inject into a hung session gives up when told, within a second [a program that does not end is a busy one]',
    'command: inject waits for a host that is away [its program runs here, as its child]',
    'command: state and inject say that a dead agent has ended [each message has a program of its own]',
  ],
  'test/drivers/http/conformance.test.ts': [
    'http: state and inject say that a dead agent has ended [an endpoint only goes away]',
  ],
  'test/drivers/pty/driver.test.ts': [`pty with an agent: ${noHost}`, `pty with a line reader: ${noHost}`],
}

export interface Skips {
  /** Titles of the tests that were skipped. */
  readonly skipped: readonly string[]
  readonly unexpected: readonly string[]
  /** Expected to be skipped, and not skipped. */
  readonly missing: readonly string[]
}

/** What `bun test` and `deno test` say they skipped, beside what is expected of that file. */
export function skipsIn(file: string, output: string): Skips {
  const lines = output.matchAll(/^\((?:skip|todo)\) (.*)$|^\s*(.*) \.\.\. ignored\b/gm)
  const skipped = [...new Set([...lines].map(([, bun, deno]) => bun ?? deno ?? ''))]
  const expected = expectedSkips[file] ?? []
  return {
    skipped,
    unexpected: skipped.filter((title) => !expected.includes(title)),
    missing: expected.filter((title) => !skipped.includes(title)),
  }
}
