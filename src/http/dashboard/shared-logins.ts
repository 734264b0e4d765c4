import { seal, unseal } from '../../auth/seal.ts'
import type { SharedStore } from '../../domain/door.ts'
import type { StoredLogin } from '../../domain/login.ts'
import type { LoginKeep } from './login-keep.ts'
import { createLogins, type LoginFile, type Logins } from './logins.ts'

export type LoginStore = Pick<
  SharedStore,
  | 'listLogins'
  | 'addLogin'
  | 'noteLogin'
  | 'endLogins'
  | 'addLink'
  | 'takeLink'
  | 'leaveNote'
  | 'findNote'
  | 'takeNote'
>

interface SharedLoginsDeps {
  readonly store: LoginStore
  /** As `LoginFile`. */
  readonly under: () => string
  readonly now: () => number
  readonly bytes: (length: number) => Uint8Array
}

/** The logins of all doors at one store, whichever of them a balancer sends a browser to. */
export interface SharedLogins extends Logins {
  /** Takes in what other doors did. Never rejects: a store that is away says so itself. */
  refresh(): Promise<void>
  /** Resolves when other doors know what this one did. Rejects with what kept them from it. */
  saved(): Promise<void>
}

/** How old what is known may be while a stream goes on. Milliseconds. */
const staleMs = 1000

export function createSharedLogins(deps: SharedLoginsDeps): SharedLogins {
  const { store, under, now, bytes } = deps
  const changes = createQueue()
  const rows = createRows(deps, changes.add)
  const logins = createLogins({ now, bytes, file: rows.file, keep: keepInStore(deps, changes.add) })
  let readAt = Number.NEGATIVE_INFINITY
  const refresh = async () => {
    readAt = now()
    const found = await store.listLogins(under(), now()).catch(() => undefined)
    if (found) rows.read(found)
  }
  return {
    ...logins,
    // A stream asks while no request does.
    find: (secret, seen) => {
      if (Math.abs(now() - readAt) > staleMs) void refresh()
      return logins.find(secret, seen)
    },
    refresh,
    saved: changes.done,
  }
}

/** Rows in place of a file: what `createLogins` saves becomes the changes that make it so. */
function createRows({ store, under, now }: SharedLoginsDeps, change: (act: () => Promise<unknown>) => void) {
  let known = new Map<string, StoredLogin>()
  let news: readonly StoredLogin[] | undefined
  const byDigest = (logins: readonly StoredLogin[]) => new Map(logins.map((login) => [login.digest, login]))
  const file: LoginFile = {
    under,
    load: () => [],
    news: () => {
      const found = news
      news = undefined
      return found
    },
    save: (logins) => {
      const before = known
      known = byDigest(logins)
      const ended = [...before.keys()].filter((digest) => !known.has(digest))
      if (ended.length > 0) change(() => store.endLogins(ended))
      for (const login of logins) {
        const { digest, seen } = login
        const was = before.get(digest)
        if (!was) change(() => store.addLogin(under(), login, now()))
        // From where a login was used is no reason to refuse it.
        else if (seen && seen.at !== was.seen?.at) change(() => store.noteLogin(digest, seen).catch(() => {}))
      }
    },
  }
  const read = (found: readonly StoredLogin[]) => {
    known = byDigest(found)
    news = found
  }
  return { file, read }
}

/** What is kept of a login there says nothing to who has not its secret. */
function keepInStore(
  { store, under, now }: SharedLoginsDeps,
  change: (act: () => Promise<unknown>) => void,
): LoginKeep {
  const opened = (secret: string, name: string, note: string | undefined) =>
    note === undefined ? undefined : unseal(secret, name, note)
  return {
    addLink: (digest, expiresAt) => change(() => store.addLink(under(), digest, expiresAt)),
    takeLink: (digest) => store.takeLink(under(), digest, now()),
    leaveNote: ({ digest, secret }, name, note) => store.leaveNote(digest, name, seal(secret, name, note)),
    findNote: async ({ digest, secret }, name) => opened(secret, name, await store.findNote(digest, name)),
    takeNote: async ({ digest, secret }, name) => opened(secret, name, await store.takeNote(digest, name)),
    // Each row says which token it is of.
    clear: () => {},
  }
}

/** One change after the other; one that fails is told to whoever waits, and keeps no other from being made. */
function createQueue() {
  let last: Promise<unknown> = Promise.resolve()
  let all: Promise<unknown> = last
  return {
    add: (act: () => Promise<unknown>) => {
      const done = last.catch(() => {}).then(act)
      last = done
      all = Promise.all([all, done])
      all.catch(() => {})
    },
    done: async () => {
      const waited = all
      try {
        await waited
      } finally {
        if (all === waited) all = Promise.resolve()
      }
    },
  }
}

export type Handle = (request: Request) => Response | Promise<Response>

/** Whoever may be logged in is answered with what every door knows, and when every door knows what came of it. */
export const inStep =
  (logins: SharedLogins, handle: Handle, refusal: (request: Request, thrown: unknown) => Response): Handle =>
  (request) =>
    asksAsLogin(request) ? answered(logins, handle, refusal, request) : handle(request)

/** An address of the pages for people, or what the explorer of the API shows. Knocks need not wait for any of it. */
const asksAsLogin = ({ url, headers }: Request): boolean =>
  (/\/(dashboard|docs)\b/.test(url) && !url.includes('/assets/')) ||
  headers.get('authorization')?.includes('login_') === true

async function answered(
  logins: SharedLogins,
  handle: Handle,
  refusal: (request: Request, thrown: unknown) => Response,
  request: Request,
): Promise<Response> {
  await logins.refresh()
  const response = await handle(request)
  try {
    await logins.saved()
    return response
  } catch (thrown) {
    return refusal(request, thrown)
  }
}
