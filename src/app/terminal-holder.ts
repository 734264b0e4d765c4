import type { Io } from '../cli/context.ts'
import { secretVariables } from '../config/secret-variables.ts'
import { tombstone } from '../delivery/tombstone.ts'
import { parseSessionId } from '../domain/session.ts'
import { attachTerminal } from '../drivers/pty/attach.ts'
import { findHolder } from '../drivers/pty/client.ts'
import { runHolderCommand, startHolder } from '../drivers/pty/start.ts'
import { closeSelf } from '../manage/own-session.ts'
import { selfFileOf } from '../manage/self-file.ts'
import { openHome } from './home.ts'
import { type ProcessDeps, withStore } from './local-home.ts'

/** Agents in terminals of their own, for the commands `run` and `attach`. */
export function openTerminalHolder(
  { platform, env }: ProcessDeps,
  root: string,
): Awaited<ReturnType<Io['terminalHolder']>> {
  const home = openHome(root)
  return {
    start: async ({ session, generation, command, cwd, columns, rows }) =>
      startHolder({
        secretVariables: await secretVariables(home.configFile, env),
        holder: [...platform.selfCommand(), '__hold', home.root],
        runDir: home.runDir,
        ...{ session, generation, command, cwd, env },
        self: selfFileOf(home.runDir, generation),
        size: { columns, rows },
      }),
    attach: ({ generation, settings }) => {
      const { stdin, stdout } = process
      return attachTerminal({ socket: String(settings.socket), generation, stdin, stdout })
    },
    find: async (id) => {
      const held = await findHolder(home.runDir, id)
      return held && { id, generation: held.generation, settings: { socket: held.socket } }
    },
  }
}

/** The terminal holder's process: owns one terminal, and records the end of its program. */
export async function holdTerminal(deps: ProcessDeps, io: Io, args: readonly string[]): Promise<number> {
  const home = openHome(args[0] ?? '')
  return runHolderCommand(
    {
      read: async () => new TextDecoder().decode(await io.read('-')),
      print: io.stdout,
      env: deps.env,
      onEnd: async (session, generation, { exitCode, signal }) => {
        const why = signal === undefined ? `exit code ${exitCode ?? 'unknown'}` : `ended by ${signal}`
        const opening = { id: parseSessionId(session), generation }
        return withStore(deps, home, async (store) => {
          const ended = await tombstone({ store, clock: deps.clock }, opening, {
            why,
            ...(exitCode !== undefined && { exitCode }),
          })
          if (ended) await closeSelf({ paths: home, store, clock: deps.clock }, opening)
          return ended
        })
      },
    },
    deps.platform,
  )
}
