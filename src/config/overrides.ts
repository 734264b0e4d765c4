import { resolve } from 'node:path'
import { type ConfigPath, pathText } from './problem.ts'

/** One value from the environment or the command line that stands above the file. */
interface Override {
  readonly path: ConfigPath
  readonly value: unknown
  /** `POSTERN_PORT`, `--port` */
  readonly origin: string
}

/** What `serve` takes on its command line. File names are relative to the current directory. */
export interface ConfigFlags {
  readonly host?: string
  readonly port?: number
  readonly publicUrl?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
}

type Parse = (text: string) => unknown

/** A value that does not parse is passed on as text: then the schema refuses it. */
const number: Parse = (text) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : text)
const bool: Parse = (text) => ({ true: true, '1': true, false: false, '0': false })[text] ?? text
const list: Parse = (text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
const file: Parse = (text) => resolve(text)
const plain: Parse = (text) => text

/** Every variable that stands above the file. */
export const variables: Readonly<Record<string, readonly [path: ConfigPath, parse: Parse]>> = {
  POSTERN_STORE: [['store'], plain],
  POSTERN_HOST: [['server', 'host'], plain],
  POSTERN_PORT: [['server', 'port'], number],
  POSTERN_PUBLIC_URL: [['server', 'publicUrl'], plain],
  POSTERN_ALLOWED_HOSTS: [['server', 'allowedHosts'], list],
  POSTERN_TRUSTED_PROXIES: [['server', 'trustedProxies'], list],
  POSTERN_TLS_CERT: [['server', 'tls', 'cert'], file],
  POSTERN_TLS_KEY: [['server', 'tls', 'key'], file],
  POSTERN_DOCS: [['server', 'docs'], plain],
  POSTERN_METRICS: [['server', 'metrics'], plain],
  POSTERN_LOG_LEVEL: [['server', 'logLevel'], plain],
  POSTERN_GRANT_TTL_SECONDS: [['server', 'grantTtlSeconds'], number],
  POSTERN_WEBHOOKS_ENABLED: [['webhooks', 'enabled'], bool],
  POSTERN_WEBHOOKS_SECRET: [['webhooks', 'secret'], plain],
}

/** Later ones stand above earlier ones: flags above the environment. A variable set to nothing counts as not set. */
export function overridesOf(
  env: Readonly<Record<string, string | undefined>>,
  flags: ConfigFlags,
): readonly Override[] {
  const fromEnv = Object.entries(variables).flatMap(([origin, [path, parse]]) => {
    const text = env[origin]
    return text === undefined || text === '' ? [] : [{ path, value: parse(text), origin }]
  })
  return [...fromEnv, ...fromFlags(flags)]
}

function fromFlags({ host, port, publicUrl, tlsCert, tlsKey }: ConfigFlags): readonly Override[] {
  const all: readonly Override[] = [
    { path: ['server', 'host'], value: host, origin: '--host' },
    { path: ['server', 'port'], value: port, origin: '--port' },
    { path: ['server', 'publicUrl'], value: publicUrl, origin: '--public-url' },
    { path: ['server', 'tls', 'cert'], value: tlsCert && resolve(tlsCert), origin: '--tls-cert' },
    { path: ['server', 'tls', 'key'], value: tlsKey && resolve(tlsKey), origin: '--tls-key' },
  ]
  return all.filter(({ value }) => value !== undefined)
}

/** The document with the overrides in it. What is not an object on the way is left for the schema to refuse. */
export const applyOverrides = (document: unknown, overrides: readonly Override[]): unknown =>
  overrides.reduce<unknown>((result, { path, value }) => withValue(result, path, value), document)

function withValue(document: unknown, path: ConfigPath, value: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined) return value
  if (
    document !== undefined &&
    (typeof document !== 'object' || document === null || Array.isArray(document))
  )
    return document
  const object: Readonly<Record<string, unknown>> = { ...document }
  return { ...object, [step]: withValue(object[step], rest, value) }
}

/** Who set the value at a path, when it was not the file. */
export const originIn =
  (overrides: readonly Override[]) =>
  (path: ConfigPath): string | undefined =>
    overrides.findLast((override) => pathText(override.path) === pathText(path))?.origin
