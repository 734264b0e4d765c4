import type { LocalHome, ServerClient } from '../cli/context.ts'
import { Failure } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import type { Clock, Store } from '../domain/ports.ts'
import { doorClient } from '../link/client.ts'
import { type Hello, hello } from '../link/hello.ts'
import { asStore, type LinkStore, linkStore, linkTokens } from '../link/link-store.ts'
import { pause } from '../wait.ts'
import { agentsHere } from './agents-here.ts'
import { atTheDoor, type JoinedDoor } from './joined-door.ts'

/** The store of the door that a home has joined, and what the door says of itself. */
interface LinkedStore {
  readonly door: Hello
  readonly store: Store & LinkStore
  /** By the door's wall clock. */
  readonly clock: Clock
}

interface LinkHomeDeps {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
}

/** Opens it for one command. Throws `unreachable`, and `unauthorized` for a token that opens nothing any more. */
export async function openLinkedStore(
  { clock }: Pick<LinkHomeDeps, 'clock'>,
  joined: JoinedDoor,
): Promise<LinkedStore> {
  const client = doorClient(joined)
  const door = await hello(client)
  const ahead = door.time.wall - clock.now()
  const link = linkStore({ client })
  const store = asStore({ ...link, close: async () => client.close() }, () => atTheDoor(joined))
  return { door, store, clock: { ...clock, now: () => clock.now() + ahead } }
}

/** The home of a machine that has joined a door: agents are here, everything else is there. */
export async function openLinkHome(
  deps: LinkHomeDeps,
  home: Home,
  joined: JoinedDoor,
  config: Parameters<typeof agentsHere>[0]['config'],
): Promise<LocalHome> {
  const { door, store, clock } = await openLinkedStore(deps, joined)
  const tokens = linkTokens(store)
  return {
    door: { url: joined.url, isServed: door.isServed },
    ...{ paths: home, host: door.host, store, tokens, clock },
    config: { ...door.config, webhooks: hooksThere(joined) },
    baseUrl: door.base,
    skew: () => door.time.skew,
    ...agentsHere({ env: deps.env, host: door.host, ...{ home, config, store, tokens, clock } }),
    nextLook: (signal) => pause(lookMs, signal),
    close: store.close,
  }
}

/** The hooks of the door are nobody else's to open or to hold. */
const hooksThere = (joined: JoinedDoor): LocalHome['config']['webhooks'] => ({
  get hooks(): never {
    throw atTheDoor(joined)
  },
})

/** The API of the door, as far as its own sessions may be reached from a host. */
export function linkedServer(joined: JoinedDoor): ServerClient {
  const client = doorClient(joined)
  return {
    url: joined.url,
    request: async (method, path, { body, signal } = {}) => {
      const asked = client.post('api', { method, path, body }, { withinMs: longestMs, signal })
      const answer = await asked.catch((thrown: unknown) => {
        throw isOfOthers(thrown) ? atTheDoor(joined) : thrown
      })
      return answer as Awaited<ReturnType<ServerClient['request']>>
    },
  }
}

/** What the door gives no host (`host-api.ts`). What it answers itself is no failure here. */
const isOfOthers = (thrown: unknown): boolean =>
  thrown instanceof Failure && thrown.code === 'session_not_allowed'

/** Beyond what the door itself lets anybody wait. */
const longestMs = 3_700_000

/** How often the door is asked whether anything changed. Milliseconds. */
const lookMs = 500
