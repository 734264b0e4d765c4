import type { Socket } from 'node:net'
import { constants } from 'node:os'
import type { Readiness } from '../../domain/driver.ts'
import type { Evidence, Outcome } from '../../domain/outcome.ts'
import type { ScreenChange } from '../../domain/screen-snapshot.ts'

/**
 * What a client sends to a holder: one JSON object a line. The first line is the request, more may follow. Holders
 * outlive the binary that started them, so members are only ever added.
 */
export type Request =
  | { readonly op: 'state' }
  /** With `turn`, answered by `accepted` and, when the turn is over, by `outcome`. */
  | { readonly op: 'inject'; readonly deliveryId: string; readonly text: string; readonly turn: boolean }
  /**
   * Lets go of an `inject` of this connection as long as nothing is typed. A client that vanishes cancels nothing.
   */
  | { readonly op: 'cancel' }
  | { readonly op: 'recall'; readonly deliveryId: string }
  /** `terminal`: a real terminal joins, which answers the program's queries itself; else output is only watched. */
  | { readonly op: 'attach'; readonly terminal?: Size }
  /** Base64: keys need not be text. */
  | { readonly op: 'keys'; readonly data: string }
  | { readonly op: 'resize'; readonly size: Size }
  /** What the terminal shows, and then every change, at most five a second, until the client hangs up. */
  | { readonly op: 'screen' }
  | { readonly op: 'end' }

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** How a program ended. */
export interface End {
  readonly exitCode?: number
  readonly signal?: string
}

/** As a shell reports it: 128 and the signal's number for a program that was killed. */
export const exitCodeOf = ({ exitCode, signal }: End): number =>
  signal === undefined ? (exitCode ?? 1) : 128 + (signals.get(signal) ?? 0)

const signals: ReadonlyMap<string, number> = new Map(Object.entries(constants.signals))

/**
 * What a holder sends. `hello` comes first on every connection: a client that expects another generation closes it. Holders of
 * version 0.1.0 do not say whose terminal it is.
 */
export type Reply =
  | { readonly is: 'hello'; readonly generation: string; readonly session?: string }
  | { readonly is: 'state'; readonly readiness: Readiness }
  | { readonly is: 'accepted'; readonly evidence: Evidence }
  /** The agent asks a person for a permission while its turn runs. */
  | { readonly is: 'asks'; readonly what: string }
  | { readonly is: 'outcome'; readonly outcome?: Outcome }
  /** Base64. */
  | { readonly is: 'output'; readonly data: string }
  | { readonly is: 'screen'; readonly change: ScreenChange }
  | { readonly is: 'end'; readonly end: End }

export const sendLine = (socket: Socket, line: Request | Reply): boolean =>
  socket.writable && socket.write(`${JSON.stringify(line)}\n`)

/** Calls `onLine` for each line of a peer; a peer that sends a line that is no JSON is disconnected. */
export function readLines<Line extends Request | Reply>(socket: Socket, onLine: (line: Line) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    try {
      for (const line of lines) onLine(JSON.parse(line) as Line)
    } catch {
      socket.destroy()
    }
  })
}
