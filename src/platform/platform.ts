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
  /** `peer` is the IP address at the other end of the connection, looked up when asked. */
  readonly fetch: (request: Request, peer: () => string) => Response | Promise<Response>
}

export interface HttpServer {
  readonly port: number
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
