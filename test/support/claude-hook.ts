import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { binary } from './binary.ts'

/** The hook of an agent in a person's own terminal, as the agent runs it; `status` is what its registry says. */
export async function openHook(home: string, session: string) {
  const config = join(dirname(home), 'claude')
  await mkdir(join(config, 'sessions'), { recursive: true })
  const status = (word: string) =>
    writeFile(
      join(config, 'sessions', `${process.pid}.json`),
      JSON.stringify({
        pid: process.pid,
        sessionId: 'abc',
        cwd: '/src',
        kind: 'interactive',
        status: word,
      }),
    )
  await status('waiting')
  const payload = {
    ...{ hook_event_name: 'PermissionRequest', session_id: 'abc', cwd: '/src' },
    ...{ tool_name: 'Bash', tool_input: { command: 'make deploy' } },
  }
  const [command, ...first] = binary()
  const args = [...first, 'hook-relay', 'claude', '--session', session, '--decide', '2m', '--home', home]
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, HOME: dirname(home), CLAUDE_CONFIG_DIR: config },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.end(JSON.stringify(payload))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const printed = text(child.stdout)
  return {
    status,
    printed: async () => {
      await ended
      return printed
    },
    kill9: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
