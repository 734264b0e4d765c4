import { readdir, readFile, stat } from 'node:fs/promises'
import type { Config } from '../config/load.ts'
import { adminTokenVariable, keysVariable } from '../domain/key-variables.ts'
import { plural } from '../domain/plural.ts'
import { shownAddress } from '../domain/shown-address.ts'
import { sizeText } from '../domain/size-text.ts'
import type { Installation, KeyAge, Place, Switch } from '../http/dashboard/settings.ts'
import type { ServerDeps } from './pipeline.ts'

const nothing = () => undefined

interface InstallationDeps extends Pick<ServerDeps, 'home' | 'config' | 'clock'> {
  readonly version: string
  readonly runtime: string
  /** The variables that its keys come by. */
  readonly given?: readonly string[]
  /** Where the server listens. */
  readonly address: () => string
}

/** What the settings page shows of a server that starts now: asked for anew each time. */
export function createInstallation(deps: InstallationDeps): () => Promise<Installation> {
  const { version, runtime, address, home, config, clock, given = [] } = deps
  const startedAt = clock.now()
  // A server keeps the store that it began with.
  const { store } = config()
  return async () => ({
    ...{ version, runtime, startedAt, listens: address(), publicUrl: config().server.publicUrl },
    places: await placesOf(home, store),
    keys: await keyAges(home.keysDir, given),
    switches: switchesOf(config()),
    limits: limitsOf(config()),
    warnings: config().warnings,
  })
}

/** `store`: the address of the database where that is no file of the home's. */
async function placesOf(
  { root, configFile, databaseFile }: ServerDeps['home'],
  store: string | undefined,
): Promise<readonly Place[]> {
  const [config, database, log] = await Promise.all(
    [configFile, databaseFile, `${databaseFile}-wal`].map((path) =>
      stat(path).then(
        ({ size }) => size,
        () => null,
      ),
    ),
  )
  const file: Place = {
    what: 'Database',
    path: databaseFile,
    bytes: typeof database === 'number' ? database + (log ?? 0) : null,
  }
  return [
    { what: 'Home', path: root },
    { what: 'Configuration', path: configFile, bytes: config ?? null },
    store === undefined ? file : { what: 'Database', path: withoutUser(store) },
  ]
}

/** Host and database of an address: its user and password are nobody's business. */
function withoutUser(address: string): string {
  const shown = shownAddress(address)
  if (shown === '') return 'in PostgreSQL'
  const { protocol, host, pathname } = new URL(shown)
  return `${protocol}//${host}${pathname}`
}

/** By the times of their files: no key is read. */
async function keyAges(dir: string, given: readonly string[]): Promise<readonly KeyAge[]> {
  const names = given.includes(keysVariable) ? [] : await readdir(dir).catch(() => [])
  const kids = names.flatMap((name) => /^([0-9a-f]{16})\.key$/.exec(name)?.[1] ?? []).sort()
  const ages = [
    given.includes(adminTokenVariable)
      ? { what: 'Admin token', variable: adminTokenVariable }
      : keyAge('Admin token', `${dir}/admin.token`),
    ...(given.includes(keysVariable) ? [{ what: 'Signing keys', variable: keysVariable }] : []),
    ...kids
      .reverse()
      .map((kid) => keyAge(`Signing key …${kid.slice(-6)}`, `${dir}/${kid}.key`, `${dir}/${kid}.retired`)),
  ]
  return (await Promise.all(ages)).filter((age) => age !== undefined)
}

async function keyAge(what: string, file: string, retired?: string): Promise<KeyAge | undefined> {
  const found = await stat(file).catch(nothing)
  if (!found) return undefined
  const end = retired === undefined ? undefined : await readFile(retired, 'utf8').catch(nothing)
  const retiresAt = Date.parse(end?.trim() ?? '')
  return { what, madeAt: Math.round(found.mtimeMs), ...(!Number.isNaN(retiresAt) && { retiresAt }) }
}

function switchesOf({ webhooks, notify, server, sessions }: Config): readonly Switch[] {
  const own = webhooks.hooks.filter(({ active }) => active).length
  const deciding = sessions.declared.filter(({ decisions }) => decisions).map(({ id }) => id)
  return [
    {
      name: 'Hooks',
      on: webhooks.enabled,
      what: webhooks.enabled ? `wake, agent and ${own} of your own` : 'every hook answers 403',
    },
    {
      name: 'Notices',
      on: notify.length > 0,
      what: notify.length > 0 ? plural(notify.length, 'receiver') : 'nobody is told what happens',
    },
    {
      name: 'Decisions',
      on: deciding.length > 0,
      what: deciding.length > 0 ? `of ${deciding.join(', ')}` : 'agents ask in their own terminal alone',
    },
    pageSwitch('Metrics', server.metrics, server.publicUrl),
    pageSwitch('API explorer', server.docs, server.publicUrl),
    {
      name: 'TLS',
      on: server.tls !== undefined,
      what: server.tls ? 'a certificate of its own' : 'a proxy before it brings it, or nobody',
    },
  ]
}

function pageSwitch(
  name: string,
  access: Config['server']['metrics'],
  publicUrl: string | undefined,
): Switch {
  if (access === 'off') return { name, on: false, what: 'for nobody' }
  const open = access === 'open' || (access === undefined && publicUrl === undefined)
  const what = access === undefined && open ? 'open to this machine, else for the admin' : undefined
  return { name, on: true, what: what ?? (open ? 'open to all who reach it' : 'for the admin') }
}

const limitsOf = ({ limits, retry, retention }: Config): Installation['limits'] => [
  ['Knocks of one URL or hook', orNone(limits.knocksPerMinute, 'a minute')],
  ['Wrong secrets of one address', orNone(limits.authFailuresPerMinute, 'a minute')],
  ['Waiting for one session', orNone(limits.queuePerSession, 'messages')],
  ['Turns at once', orNone(limits.turnsAtOnce, '')],
  ['A message', bytesOrNone(limits.messageBytes)],
  ["A hook's body", bytesOrNone(limits.hookBytes)],
  ['Longest wait for a session', `${retry.maxHoldSeconds / 3600} h`],
  ['Attempts', `${retry.attempts}`],
  ['What is done is kept', plural(retention.days, 'day')],
]

const bytesOrNone = (bytes: number): string => (bytes === 0 ? 'no limit' : sizeText(bytes))

const orNone = (value: number, unit: string): string =>
  value === 0 ? 'no limit' : `${Math.round(value * 10) / 10} ${unit}`.trim()
