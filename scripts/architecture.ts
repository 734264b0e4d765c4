import { posix } from 'node:path'

/** Which layer may import which; a layer may always import itself. Nothing points back up. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  main: ['cli', 'app', 'platform', 'version', 'domain'],
  'store-thread': ['platform', 'store'],
  cli: ['app', 'manage', 'version', 'wait', 'domain'],
  app: [
    'http',
    'inbound',
    'delivery',
    'manage',
    'mcp',
    'link',
    'store',
    'drivers',
    'config',
    'platform',
    'log',
    'version',
    'wait',
    'providers',
    'payload',
    'auth',
    'domain',
  ],
  http: ['inbound', 'manage', 'providers', 'payload', 'auth', 'domain'],
  mcp: ['wait', 'domain'],
  link: ['wait', 'domain'],
  inbound: ['providers', 'payload', 'auth', 'domain'],
  delivery: ['payload', 'auth', 'wait', 'domain'],
  config: ['providers', 'payload', 'auth', 'domain'],
  store: ['wait', 'domain'],
  drivers: ['payload', 'wait', 'domain'],
  manage: ['auth', 'wait', 'domain'],
  providers: ['payload', 'auth', 'domain'],
  payload: ['domain'],
  auth: ['domain'],
  platform: [],
  log: ['domain'],
  version: [],
  wait: [],
  domain: [],
}

/** Where a layer knows another only by the types of one file: what it asks for, or what it must provide. */
export const ports: readonly {
  readonly of: readonly string[]
  readonly to: string
  readonly file: string
}[] = [
  { of: ['store', 'drivers'], to: 'platform', file: 'src/platform/platform.ts' },
  { of: ['app'], to: 'cli', file: 'src/cli/context.ts' },
]

/** One package, one door: the files through which each package comes in. */
const packages: readonly { readonly package: RegExp; readonly through: RegExp }[] = [
  { package: /^bun(:|$)/, through: /^src\/platform\/bun\.ts$/ },
  { package: /^jose$/, through: /^src\/auth\/tokens\.ts$/ },
  { package: /^@modelcontextprotocol\/server(\/|$)/, through: /^src\/mcp\// },
  { package: /^markdown-it$/, through: /^src\/http\/dashboard\/delivery\/markdown\.ts$/ },
  { package: /^uqr$/, through: /^src\/manage\/qr-code\.ts$/ },
  { package: /^diff$/, through: /^src\/http\/dashboard\/delivery\/difference\.ts$/ },
  { package: /^mustache$/, through: /^src\/(payload\/template|http\/dashboard\/templates)\.ts$/ },
  { package: /^(elysia|@elysiajs\/.+)$/, through: /^src\/http\// },
  { package: /^swagger-ui-dist\//, through: /^src\/http\/routes\/docs\.ts$/ },
  { package: /^@sinclair\/typebox(\/|$)/, through: /^src\/(config|http)\// },
  { package: /^@xterm\/(headless|addon-unicode11)$/, through: /^src\/drivers\// },
  { package: /^@agentclientprotocol\/sdk$/, through: /^src\/drivers\/acp\// },
  { package: /^@cfworker\/json-schema$/, through: /^src\/payload\/response-schema\.ts$/ },
  { package: /^postgres$/, through: /^src\/store\/postgres\/client-thread\.ts$/ },
  { package: /^ws$/, through: /^src\/drivers\/codex\// },
  { package: /^node:/, through: /^src\/(?!domain\/)/ },
]

/** What is not a source, and is read by one. */
const outside = [
  { file: 'package.json', from: 'src/version.ts' },
  { file: 'docs/troubleshooting.md', from: 'src/manage/troubleshooting.ts' },
]

/** A command must start in milliseconds: what is heavy comes in only when it is called for. */
const heavy =
  /^(node:(crypto|https?|net|tls|zlib|worker_threads|child_process|readline|dns)|elysia$|@cfworker\/|@elysiajs\/|@modelcontextprotocol\/|@sinclair\/typebox|@xterm\/)/

const longestFile = 250
const emptyNames = /\/(utils?|common|helpers?|core|types|misc|shared)\//

/** Source files by their path from the root, with `/`. */
export type Sources = ReadonlyMap<string, string>

interface Import {
  readonly from: string
  /** A path from the root, or the name of a package. */
  readonly to: string
  readonly typeOnly: boolean
  readonly lazy: boolean
}

/** Everything in `src` that breaks the rules of the house, one line each. */
export function violations(sources: Sources): readonly string[] {
  const imports = [...sources].flatMap(([path, source]) => importsOf(path, source))
  return [
    ...imports.flatMap(layering),
    ...imports.flatMap(packageImports),
    ...cycles(sources, imports),
    ...heavyCommands(imports),
    ...[...sources].flatMap(([path, source]) => shape(path, source)),
  ]
}

const statement = /^(import|export)\s+(type\s)?[^'";]*?from\s*'([^']+)'|^import\s+'([^']+)'/gm
const dynamic = /\bimport\(\s*'([^']+)'/g

function importsOf(path: string, source: string): readonly Import[] {
  const code = withoutComments(source)
  const resolved = (name: string) => (name.startsWith('.') ? posix.join(posix.dirname(path), name) : name)
  return [
    ...[...code.matchAll(statement)].map((match) => ({
      from: path,
      to: resolved(match[3] ?? match[4] ?? ''),
      typeOnly: match[2] !== undefined,
      lazy: false,
    })),
    ...[...code.matchAll(dynamic)].map((match) => ({
      from: path,
      to: resolved(match[1] ?? ''),
      typeOnly: false,
      lazy: true,
    })),
  ]
}

/** Line comments only where no quote could hold them: at the start of a line or after a space. */
const withoutComments = (source: string): string =>
  source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')

const isOurs = (path: string): boolean => path.startsWith('src/')

/** `src/http/server.ts` is of `http`, `src/config/load.ts` of `config`. */
const layerOf = (path: string): string => (path.split('/')[1] ?? '').replace(/\.ts$/, '')

function layering({ from, to, typeOnly }: Import): readonly string[] {
  if (!isOurs(to)) return []
  if (!/\.(ts|sql|json|js|css|svg|mustache)$/.test(to)) return [`${from}: the import of ${to} names no file`]
  const [upper, lower] = [layerOf(from), layerOf(to)]
  const allowed = layers[upper]
  if (!allowed) return [`${from}: ${upper} is no layer`]
  if (upper === lower) return []
  const port = ports.find((it) => it.of.includes(upper) && it.to === lower)
  if (port)
    return typeOnly && to === port.file
      ? []
      : [`${from}: ${upper} knows ${lower} only by the types of ${port.file}`]
  return allowed.includes(lower) ? [] : [`${from}: ${upper} must not import ${lower} (${to})`]
}

function packageImports({ from, to }: Import): readonly string[] {
  if (isOurs(to) || outside.some((one) => one.file === to && one.from === from)) return []
  const entry = packages.find((it) => it.package.test(to))
  if (!entry) return [`${from}: no file may import ${to}`]
  return entry.through.test(from) ? [] : [`${from}: ${to} comes in only through ${entry.through.source}`]
}

/** Type imports count: two files that need each other's types are one file or three. */
function cycles(sources: Sources, imports: readonly Import[]): readonly string[] {
  const next = Map.groupBy(imports, ({ from }) => from)
  const done = new Set<string>()
  const found: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      found.push(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}`)
      return
    }
    if (done.has(path)) return
    for (const { to } of next.get(path) ?? []) if (sources.has(to)) visit(to, [...trail, path])
    done.add(path)
  }
  for (const path of sources.keys()) visit(path, [])
  return found
}

function heavyCommands(imports: readonly Import[]): readonly string[] {
  const eager = Map.groupBy(
    imports.filter(({ typeOnly, lazy }) => !typeOnly && !lazy),
    ({ from }) => from,
  )
  const reached = new Set([...eager.keys()].filter((path) => ['main', 'cli'].includes(layerOf(path))))
  // A Set also visits what is added on the way.
  for (const path of reached) for (const { to } of eager.get(path) ?? []) reached.add(to)
  return [...reached].filter((name) => heavy.test(name)).map((name) => `a command loads ${name} at its start`)
}

function shape(path: string, source: string): readonly string[] {
  const code = withoutComments(source)
  const bare = code.replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
  const found: string[] = []
  const lines = source.split('\n').length - 1
  if (lines > longestFile) found.push(`${path}: ${lines} lines, at most ${longestFile}`)
  if (emptyNames.test(path)) found.push(`${path}: its folder's name says nothing`)
  if (/^export\s+default\b/m.test(code)) found.push(`${path}: default export`)
  if (isBarrel(code)) found.push(`${path}: only re-exports`)
  if (/(?<![\w.])require\(''\)/.test(bare)) found.push(`${path}: require()`)
  if (/^(export\s+)?(abstract\s+)?class\s/m.test(bare) && path !== 'src/domain/error.ts')
    found.push(`${path}: a class`)
  if (/\bprocess\.exit\(/.test(bare) && path !== 'src/main.ts') found.push(`${path}: process.exit()`)
  for (const [name, home] of runtimes)
    if (new RegExp(`(?<![\\w.])${name}\\.`).test(bare) && path !== home)
      found.push(`${path}: ${name} is named only in ${home}`)
  return found
}

const runtimes = [
  ['Bun', 'src/platform/bun.ts'],
  ['Deno', 'src/platform/deno.ts'],
] as const

function isBarrel(code: string): boolean {
  const rest = code.replace(/^export\s+(type\s+)?(\*|\{)[^'"]*?from\s*'[^']+';?/gm, '')
  return rest !== code && rest.trim() === ''
}
