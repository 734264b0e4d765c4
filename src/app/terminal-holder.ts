import type { Io, TerminalHolder } from '../cli/context.ts'
import type { SessionId } from '../domain/session.ts'
import { attachTerminal } from '../drivers/pty/attach.ts'
import { parsePtySettings } from '../drivers/pty/settings.ts'
import { runHolderCommand, startHolder } from '../drivers/pty/start.ts'
import { openStore } from '../store/sqlite.ts'
import { openHome } from './home.ts'
import type { ProcessDeps } from './local-home.ts'

/** Agents in terminals of their own, for the commands `run` and `attach`. */
export function openTerminalHolder({ platform, env }: ProcessDeps, root: string): TerminalHolder {
  const home = openHome(root)
  return {
    start: ({ session, generation, command, cwd, columns, rows }) =>
      startHolder({
        holder: [...platform.selfCommand(), '__hold', home.root],
        runDir: home.runDir,
        ...{ session, generation, command, cwd, env },
        size: { columns, rows },
      }),
    attach: (session) => {
      const { socket } = parsePtySettings(session.settings)
      const { stdin, stdout } = process
      return attachTerminal({ socket, generation: session.generation, stdin, stdout })
    },
  }
}

/** The holder process: owns one terminal and writes its tombstone at the end. */
export async function holdTerminal(deps: ProcessDeps, io: Io, args: readonly string[]): Promise<number> {
  const home = openHome(args[0] ?? '')
  return runHolderCommand(
    {
      read: async () => new TextDecoder().decode(await io.read('-')),
      print: io.stdout,
      env: deps.env,
      onEnd: async (session, generation, { exitCode, signal }) => {
        const store = await openStore({
          ...deps,
          path: home.databaseFile,
          now: deps.clock.now,
          role: 'client',
        })
        try {
          const at = deps.clock.now()
          const why = signal === undefined ? `exit code ${exitCode ?? 'unknown'}` : `ended by ${signal}`
          const ended = await store.endSession(session as SessionId, generation, {
            at,
            why,
            ...(exitCode !== undefined && { exitCode }),
          })
          if (ended) await store.failQueued(session as SessionId, at, why)
          return ended
        } finally {
          await store.close()
        }
      },
    },
    deps.platform,
  )
}
