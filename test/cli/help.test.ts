import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { helpText } from '../../src/cli/help.ts'
import { commands } from '../../src/cli/index.ts'
import { cli, createWorld } from './fake-io.ts'

describe('help', () => {
  for (const { name, summary } of commands)
    it(`${name} --help starts with examples`, async () => {
      const { code, stdout, stderr } = await cli(createWorld(), [...name.split(' '), '--help'])
      assert.deepEqual([code, stderr], [0, ''])
      assert.match(stdout, /^Examples\n {2}\S/)
      assert.ok(stdout.includes(summary))
      assert.ok(stdout.includes(`postern ${name}`))
    })

  const cases: readonly (readonly [
    argv: string[],
    code: number,
    where: 'stdout' | 'stderr',
    said: RegExp,
  ])[] = [
    [['--help'], 0, 'stdout', /^Examples\n.*Commands\n.*serve/s],
    [['help'], 0, 'stdout', /^Examples\n/],
    [['-h'], 0, 'stdout', /^Examples\n/],
    [[], 2, 'stderr', /^Examples\n/],
    [['session'], 2, 'stderr', /^Examples\n.*session add/s],
    [['session', '--help'], 0, 'stdout', /session end/],
    [['help', 'expose'], 0, 'stdout', /-t, --ttl <TIME>/],
    [['help', 'inbox'], 0, 'stdout', /inbox ack/],
    [['help', 'channel', 'ls'], 0, 'stdout', /List every grant/],
    [['channel', '--help'], 0, 'stdout', /revoke/],
    [['expose', '--help', '--session'], 0, 'stdout', /^Examples\n/],
  ]
  for (const [argv, code, where, text] of cases)
    it(`postern ${argv.join(' ')} exits with ${code} and prints on ${where}`, async () => {
      const ran = await cli(createWorld(), argv)
      assert.equal(ran.code, code)
      assert.match(ran[where], text)
      assert.equal(where === 'stdout' ? ran.stderr : ran.stdout, '')
    })
})

describe('helpText', () => {
  const topics = [[], ...commands.map(({ name }) => name.split(' '))]
  for (const width of [50, 80])
    it(`fits ${width} columns but for examples, and loses no word`, () => {
      for (const topic of topics) {
        const [plain, text] = [helpText(topic, commands), helpText(topic, commands, width)]
        assert.deepEqual(text.split(/\s+/), plain.split(/\s+/))
        const long = text.split('\n').filter((line) => line.length > width)
        const examples = commands.flatMap((command) => command.examples)
        for (const line of long)
          assert.ok(examples.includes(line.trim()) || /^ {2}(postern|curl) /.test(line), line)
      }
    })
})
