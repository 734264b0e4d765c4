import type { DriverSettings, Session, SessionId } from '../domain/session.ts'

/** Agents in terminals of their own. */
export interface TerminalHolder {
  /**
   * Starts a program in a terminal that outlives this process; resolves with the settings of a `pty` session once its
   * socket answers. Throws `unsupported` where the runtime has no terminals, `usage` when the program does not start.
   */
  readonly start: (wanted: {
    readonly session: SessionId
    readonly generation: string
    readonly command: readonly string[]
    readonly cwd: string
    readonly columns: number
    readonly rows: number
  }) => Promise<DriverSettings>
  /** Joins this terminal to the program's until the program ends or the person detaches. */
  readonly attach: (session: HeldSession) => Promise<Parting>
  /** The session of this name whose terminal runs here, by what its holder says: no store is asked. */
  readonly find: (id: SessionId) => Promise<HeldSession | undefined>
}

/** A session whose program runs in a terminal of ours. */
export type HeldSession = Pick<Session, 'id' | 'generation' | 'settings'>

type Parting =
  | { readonly kind: 'detached' }
  /** As in a shell: the exit code, or 128 and the signal's number. */
  | { readonly kind: 'ended'; readonly code: number }
