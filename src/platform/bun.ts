import { Database as BunDatabase } from 'bun:sqlite'
import {
  type Database,
  type HttpServer,
  type LineMode,
  type Platform,
  type ServeOptions,
  type SqlRow,
  type Terminal,
  type TerminalOptions,
  usualArrivalSeconds,
} from './platform.ts'

export const bunPlatform: Platform = {
  runtime: 'bun',
  openDatabase,
  serve,
  openTerminal,
  selfCommand,
  keepMemory,
}

function openDatabase(path: string, options: { readonly readonly?: boolean } = {}): Database {
  const database = new BunDatabase(
    path,
    options.readonly ? { readonly: true } : { create: true, readwrite: true },
  )
  // A statement that is not finalized keeps the connection, its locks and its log alive behind `close`.
  const finalizers: (() => void)[] = []
  return {
    exec: (sql) => {
      database.run(sql)
    },
    prepare: (sql) => {
      const statement = database.prepare<SqlRow, (string | number | bigint | null | Uint8Array)[]>(sql)
      finalizers.push(() => statement.finalize())
      return {
        run: (...values) => statement.run(...values).changes,
        get: (...values) => statement.get(...values) ?? undefined,
        all: (...values) => statement.all(...values),
      }
    },
    close: () => {
      for (const finalize of finalizers.splice(0)) finalize()
      database.close()
    },
  }
}

async function serve(options: ServeOptions): Promise<HttpServer> {
  const asSent = (request: Bun.BunRequest) =>
    options.fetch(Object.values(request.params).some(isTidied) ? nowhere(request) : request)
  const server = Bun.serve({
    hostname: options.hostname,
    port: options.port,
    reusePort: false,
    development: false,
    idleTimeout: options.arrivalSeconds ?? usualArrivalSeconds,
    // Each route sets and explains its own limit; a body that no route reads is not kept.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    ...(options.tls && { tls: options.tls }),
    routes: Object.fromEntries(shapes.map((shape) => [shape, asSent])),
    // What has no such shape as it was sent has none now, either.
    fetch: (request) => options.fetch(fitsShape.test(request.url) ? nowhere(request) : request),
  })
  return {
    port: server.port ?? options.port,
    peerOf: (request) => server.requestIP(request)?.address ?? 'unknown',
    authorityOf: () => undefined,
    keepOpen: (request) => server.timeout(request, longestSilenceSeconds),
    stop: (force) => server.stop(force),
  }
}

/**
 * Bun tidies `request.url` (`/x/../hook` becomes `/hook`), but matches its routes with the path as it was sent. So there are routes
 * for every path of up to eight segments, whose parameters tell what was tidied away.
 */
const shapes = [...Array(9).keys()].flatMap((count) => {
  const segments = Array.from({ length: count }, (_, i) => `/:s${i}`).join('')
  return count === 0 ? ['/'] : [segments, `${segments}/`]
})
const fitsShape = /^[a-z]+:\/\/[^/]*(\/[^/?#]+){0,8}\/?([?#]|$)/

const isTidied = (segment: string): boolean => segment === '.' || segment === '..' || segment.includes('\\')

/** The same request for a path that nobody has a route for. */
const nowhere = (request: Request): Request =>
  Object.defineProperty(request, 'url', { value: 'http://localhost/..' })

/** Bun's own limit; the longest wait a caller may ask for is below it. */
const longestSilenceSeconds = 255

/** How long output may still come after the program's end when something it started keeps the terminal open. */
const lastOutputMs = 250

function openTerminal(options: TerminalOptions): Terminal {
  const output = Promise.withResolvers<void>()
  const child = Bun.spawn([...options.command], {
    cwd: options.cwd,
    env: { ...options.env },
    // Only a terminal that is passed inline becomes the controlling one.
    terminal: {
      cols: options.columns,
      rows: options.rows,
      data: (_terminal, bytes) => options.onData(bytes),
      exit: () => output.resolve(),
    },
    onExit: (_child, exitCode, signal) => {
      setTimeout(output.resolve, lastOutputMs)
      const end = {
        ...(exitCode !== null && { exitCode }),
        ...(signal !== null && { signal: String(signal) }),
      }
      void output.promise.then(() => options.onExit(end))
    },
  })
  return {
    pid: child.pid,
    write: (bytes: Uint8Array | string) => {
      child.terminal?.write(bytes)
    },
    resize: (columns: number, rows: number) => child.terminal?.resize(columns, rows),
    close: () => child.terminal?.close(),
    lineMode: () => lineMode(child.terminal),
  }
}

function lineMode(terminal: Bun.Terminal | undefined): LineMode | undefined {
  if (!terminal || terminal.closed) return undefined
  const canonical = process.platform === 'darwin' ? 0x100 : 0x2
  const flags = terminal.localFlags
  return { cooked: (flags & canonical) !== 0, echo: (flags & 0x8) !== 0 }
}

/** In a compiled binary `Bun.main` lies in the executable's own virtual file system. */
const isCompiled = (): boolean => Bun.main.startsWith('/$bunfs/') || Bun.main.startsWith('B:/~BUN/')

function selfCommand(): readonly string[] {
  return isCompiled() ? [process.execPath] : [process.execPath, Bun.main]
}

/**
 * Whenever the event loop has nothing to do, Bun's allocator gives back to the system what is free within its pages, and after 100 ms
 * whole ones: under load that is taken again at once, at a sixth of the processor time of a knock. It reads these, mimalloc's own
 * variables (its `mi_option_purge_holes`, which is Bun's, and `mi_option_purge_delay` in milliseconds), once as the program starts.
 */
const memoryKept = { MIMALLOC_PURGE_HOLES: '0', MIMALLOC_PURGE_DELAY: '10000' }

/** Not on Windows, where no process can take another's place. */
const restarts = (): boolean => isCompiled() && process.platform !== 'win32'

function keepMemory(): void {
  const { env } = process
  const variables = Object.entries(memoryKept)
  // Those who are started by this process have their own way with memory.
  if (variables.every(([name, value]) => env[name] === value))
    for (const [name] of variables) delete env[name]
  else if (restarts() && !variables.some(([name]) => name in env))
    try {
      process.execve?.(process.execPath, [process.argv0, ...process.argv.slice(2)], { ...env, ...memoryKept })
    } catch {
      // It goes on as it is: more slowly, and no worse.
    }
}
