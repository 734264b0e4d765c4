import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import process from 'node:process'
import { describe, it } from 'node:test'
import { atExit, binary, cli, scratchHome } from '../support/binary.ts'

const skip = existsSync('/dev/full') ? false : 'this system has no /dev/full'

/** A line of the shell in which `postern` is this build; the code it ends with, and what it said. */
async function shell(home: string, line: string): Promise<{ code: number | null; said: string }> {
  const child = spawn('sh', ['-c', `postern() { ${binary().join(' ')} "$@"; }; ${line}`], {
    env: { PATH: process.env.PATH ?? '', HOME: home, POSTERN_HOME: home },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  const killAll = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
  }
  atExit(killAll)
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const deadline = setTimeout(killAll, 20_000)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearTimeout(deadline)
  return { code, said }
}

describe('standard output and input that do not work', () => {
  const printing = [
    'session ls',
    'session ls --json',
    'expose --session build --quiet',
    'hosts add laptop',
    'secret',
    'keys export',
    'help',
    'man',
    'doctor',
    'completions bash',
  ]
  for (const command of printing)
    it(`postern ${command}: what a full disk swallows is a failure that is said`, { skip }, async () => {
      const home = await scratchHome()
      await cli(['session', 'add', 'build', '--driver', 'inbox'], { home })
      const { code, said } = await shell(home, `postern ${command} > /dev/full`)
      assert.equal(code, 1, said)
      assert.match(
        said,
        /^postern: Standard output takes no more: .*(ENOSPC|No space left).* Not everything was printed\.$/m,
      )
    })

  for (const command of ['session ls', 'help', 'man'])
    it(`postern ${command}: a reader that has gone is no failure`, async () => {
      const home = await scratchHome()
      const { said } = await shell(home, `{ postern ${command}; echo "code $?" >&2; } | true`)
      assert.equal(said, 'code 0\n')
    })

  for (const command of [
    'deliveries tail',
    'deliveries tail --json',
    'refusals tail',
    'refusals tail --json',
  ])
    it(`postern ${command} ends when nobody reads it any more`, async () => {
      const home = await scratchHome()
      const refusals = command.startsWith('refusals')
      const { code, said } = await shell(home, refusals ? refusing(command) : sending(command))
      assert.equal(code, 0, said)
    })

  it('a standard input that cannot be read is named, not its text', async () => {
    const home = await scratchHome()
    const { code, said } = await shell(home, 'postern send --session default - < /')
    // Deno reads a directory as nothing.
    if (binary().length > 1) assert.notEqual(code, 0, said)
    else assert.deepEqual([code, /^postern: Cannot read standard input: EISDIR/.test(said)], [3, true], said)
  })
})

const inServer = (act: string) => `
  (exec ${binary().join(' ')} serve --port 0 2> "$HOME.log") & server=$!
  trap 'kill $server' EXIT
  until url=$(sed -n 's/^Listening on //p' "$HOME.log") && test -n "$url"; do sleep 0.1; done
  ${act}`

/** Three messages stand there, and more come until the tail has ended. */
const sending = (command: string) =>
  inServer(`
  send() { postern send --session default --timeout 0 hello 2> /dev/null > /dev/null; }
  send; send; send
  { postern ${command}; : > "$HOME.ended"; } | head -n 1 &
  until test -e "$HOME.ended"; do send; done`)

const refusing = (command: string) =>
  inServer(`
  knock() { curl -s -o /dev/null -X POST "$url/hook/nothing"; }
  knock; knock; knock
  { postern ${command}; : > "$HOME.ended"; } | head -n 1 &
  until test -e "$HOME.ended"; do knock; sleep 0.3; done`)
