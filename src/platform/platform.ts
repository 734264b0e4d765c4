/** What Postern needs of a runtime beyond web and `node:` APIs. One file per runtime implements it. */
export interface Platform {
  readonly runtime: 'bun' | 'deno'
  /** Opens or creates a SQLite database file (`:memory:` for none). Throws what SQLite says. */
  openDatabase(path: string, options?: { readonly readonly?: boolean }): Database
  /** Serves HTTP until stopped. Throws when the address cannot be bound. */
  serve(options: ServeOptions): Promise<HttpServer>
  /** Starts a program in a terminal of its own; undefined where the runtime cannot. */
  readonly openTerminal: ((options: TerminalOptions) => Terminal) | undefined
  /** The command that runs this very program again: the compiled binary, or runtime and script. */
  selfCommand(): readonly string[]
  /**
   * For a process that works on and on: memory that is free stays with it for some seconds. Where that can only be said to a program that
   * starts, this one starts anew in its own place, with the same arguments and the same process id, so nothing may have been begun yet.
   */
  keepMemory(): void
}

export type SqlValue = string | number | bigint | null | Uint8Array
export type SqlRow = { readonly [column: string]: SqlValue }

/** A synchronous SQLite connection. Parameters are positional. */
export interface Database {
  exec(sql: string): void
  prepare(sql: string): Statement
  close(): void
}

export interface Statement {
  /** Returns how many rows changed. */
  run(...values: SqlValue[]): number
  get(...values: SqlValue[]): SqlRow | undefined
  all(...values: SqlValue[]): readonly SqlRow[]
}

export interface ServeOptions {
  readonly hostname: string
  readonly port: number
  readonly tls?: { readonly cert: string; readonly key: string }
  /** The path in `request.url` is as it was sent; for one that Bun tidied up it is `/..`, which is nobody's route. */
  readonly fetch: (request: Request) => Response | Promise<Response>
  /**
   * How long a request may take to arrive, headers and body, and a connection may stay silent, in seconds; then it is
   * closed, whether the request was answered or not. Default 24. Bun keeps this to four seconds, and lets a body go on
   * that flows at 16 kB/s.
   */
  readonly arrivalSeconds?: number
}

export const usualArrivalSeconds = 24

export interface HttpServer {
  readonly port: number
  /** The IP address at the other end of a request's connection, while it is not answered. */
  peerOf(request: Request): string
  /** The authority of an absolute-form target (RFC 9112 section 3.2.2); Bun does not tell it. */
  authorityOf(request: Request): string | undefined
  /** For a request that has arrived and whose answer takes its time: its connection may be silent for minutes. */
  keepOpen(request: Request): void
  /** Takes no new connections and resolves when those in flight are done, or at once when `force`. */
  stop(force: boolean): Promise<void>
}

export interface TerminalOptions {
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly columns: number
  readonly rows: number
  readonly onData: (bytes: Uint8Array) => void
  readonly onExit: (end: { readonly exitCode?: number; readonly signal?: string }) => void
}

/** A program in its own terminal, as its controlling terminal. */
export interface Terminal {
  readonly pid: number
  /** Says nothing about whether the program read it. */
  write(bytes: Uint8Array | string): void
  resize(columns: number, rows: number): void
  /** How the kernel handles the program's input; undefined when it cannot be asked. */
  lineMode(): LineMode | undefined
  close(): void
}

/** From termios(3). */
export interface LineMode {
  /** The kernel collects lines for the program (ICANON). */
  readonly cooked: boolean
  /** The kernel shows what is typed (ECHO). */
  readonly echo: boolean
}
