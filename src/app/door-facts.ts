import type { KeyRing } from '../auth/key-ring.ts'
import { macOf } from '../auth/mac.ts'
import type { Config } from '../config/load.ts'
import { writtenSecrets } from '../config/written-secrets.ts'
import { adminTokenName, type DoorFacts, hookName, type SharedStore } from '../domain/door.ts'
import { reasonOf } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import { doorsAmong, type HostName } from '../domain/host.ts'
import { troubleWithKeys } from '../domain/key-troubles.ts'
import type { Log } from '../domain/ports.ts'
import { differencesOf, doorsBeside } from '../manage/doors.ts'
import { type KeySource, marksOf } from './key-source.ts'
import { type KnowsKeys, keyFactsOf } from './signing-keys.ts'

interface DoorFactsDeps {
  readonly home: Home
  readonly env: Readonly<Record<string, string | undefined>>
  readonly config: () => Config
  readonly keys: Pick<KeyRing, 'active'>
  readonly source: KeySource
  readonly adminToken: () => string
  readonly version: string
  /** Unix milliseconds. */
  readonly now: () => number
}

/** What the door of this home tells the others. */
export async function doorFacts(deps: DoorFactsDeps): Promise<DoorFacts> {
  const { home, env, keys, source, adminToken, version } = deps
  const config = deps.config()
  const { kid, secret } = keys.active()
  const code = ([name, value]: readonly [string, unknown]) =>
    [name, codeOf(secret, name, JSON.stringify(value) ?? '')] as const
  const { hooks } = config.webhooks
  const written = await writtenSecrets(home.configFile, env)
  return {
    ...{ version, keys: marksOf(source), kid },
    secrets: Object.fromEntries(
      [
        [adminTokenName, adminToken()] as const,
        ...Object.entries(written),
        ...hooks.map(
          ({ name, verify: { secrets, verifyToken } }) => [hookName(name), [secrets, verifyToken]] as const,
        ),
      ].map(code),
    ),
    settings: Object.fromEntries([...commonSettings(config), ...hooks.map(settingOfHook)].map(code)),
  }
}

const codeOf = (key: Uint8Array, name: string, value: string): string =>
  Buffer.from(macOf(key, [`what doors have in common\n${name}\n`, value]))
    .toString('hex')
    .slice(0, 32)

const commonSettings = ({
  server,
  webhooks,
  sessions,
  ...config
}: Config): readonly (readonly [string, unknown])[] => [
  ['server.publicUrl', server.publicUrl],
  ['webhooks.enabled', webhooks.enabled],
  ['sessions', [sessions.wake, sessions.agent, sessions.allow]],
  ...(['limits', 'retry', 'retention', 'notify'] as const).map((name) => [name, config[name]] as const),
]

const settingOfHook = ({
  verify,
  ...hook
}: Config['webhooks']['hooks'][number]): readonly [string, unknown] => {
  const { secrets: _, verifyToken: __, ...proof } = verify
  return [hookName(hook.name), [hook, proof]]
}

interface PublisherDeps extends DoorFactsDeps {
  readonly name: HostName
  readonly store: KnowsKeys & Pick<SharedStore, 'rememberDoor' | 'listDoors'>
  /** The store's own time. */
  readonly steady: { readonly now: () => number }
  readonly log: Log
}

/** Told again so often, so that it is not forgotten. Milliseconds. */
const againMs = 3_600_000

/**
 * Tells the other doors at each call what has changed here; and the log when the keys here are not theirs any more, or else something
 * by which it matters to which of them a request comes.
 */
export function createFactsPublisher(deps: PublisherDeps): () => Promise<void> {
  const { name, store, log, now } = deps
  let published = ''
  let publishedAt = Number.NEGATIVE_INFINITY
  let trouble: string | undefined
  let known: readonly string[] = []
  return async () => {
    const facts = await doorFacts(deps)
    const text = JSON.stringify(facts)
    if (text !== published || Math.abs(now() - publishedAt) > againMs) {
      await store.rememberDoor(name, facts)
      published = text
      publishedAt = now()
    }
    const before = trouble
    trouble = await keyTrouble(deps)
    if (trouble !== undefined && trouble !== before) log('error', 'keys.differ', { why: trouble })
    const different = trouble === undefined ? await differences(deps) : []
    for (const why of different) if (!known.includes(why)) log('warn', 'doors.differ', { why })
    known = different
  }
}

async function differences({ name, store, steady }: PublisherDeps): Promise<readonly string[]> {
  const hosts = await store.listHosts()
  if (doorsAmong(hosts).length < 2) return []
  const { own, others } = doorsBeside(name, hosts, await store.listDoors(), steady.now())
  return own
    ? others
        .flatMap((other) => differencesOf(own, other))
        .filter(({ isBad }) => isBad)
        .map(({ detail, fix }) => `${detail}: ${fix}`)
    : []
}

async function keyTrouble({ store, home, source, now }: PublisherDeps): Promise<string | undefined> {
  try {
    const facts = await keyFactsOf(store, home)
    const trouble = troubleWithKeys(facts, marksOf(source), source.place, now())
    return trouble && `${trouble.detail} ${trouble.fix}`
  } catch (thrown) {
    return reasonOf(thrown)
  }
}
