import { keysVariable } from '../../domain/key-variables.ts'
import { sizeText } from '../../domain/size-text.ts'
import type { HostView } from '../../manage/hosts.ts'
import { browserName } from './browser-name.ts'
import { type Login, type Logins, loginMs } from './logins.ts'
import { type Page, shortTime, timeView, toneOf } from './page.ts'
import type { PageView } from './templates.ts'

/** What a server tells of itself to who is logged in; no secret stands in it. */
export interface Installation {
  readonly version: string
  readonly runtime: string
  /** Unix milliseconds. */
  readonly startedAt: number
  readonly listens: string
  readonly publicUrl: string | undefined
  readonly places: readonly Place[]
  readonly keys: readonly KeyAge[]
  readonly switches: readonly Switch[]
  readonly limits: readonly (readonly [name: string, value: string])[]
  /** What the configuration is warned of. */
  readonly warnings: readonly string[]
}

export interface Place {
  readonly what: string
  readonly path: string
  /** Of a file; null where there is none. */
  readonly bytes?: number | null
}

export interface KeyAge {
  readonly what: string
  /** Of a file. */
  readonly madeAt?: number
  /** By which it comes, where that is no file. */
  readonly variable?: string
  /** When what it signed stops working. */
  readonly retiresAt?: number
}

export interface Switch {
  readonly name: string
  readonly on: boolean
  readonly what: string
}

export interface SettingsDeps {
  readonly logins: Logins
  /** How far the wall clock is ahead of that of the logins, in milliseconds. */
  readonly skew: () => number
  readonly installation: () => Promise<Installation>
  /** Machines that may join. */
  readonly listHosts: () => Promise<readonly HostView[]>
}

/** Who is logged in, what runs here, what of it is on, and where everything lies. */
export const settingsPage = ({ installation, listHosts }: SettingsDeps): Page => ({
  template: 'settings',
  title: 'Settings',
  section: 'settings',
  live: '/dashboard/settings',
  view: { none: null, loginHours: loginMs / 3_600_000 },
  atOnce: async () => ({
    ...installationView(await installation()),
    ...hostsView(await listHosts()),
  }),
})

/** The logins as the one of them that looks sees them. */
export function loginsView({ logins, skew }: Pick<SettingsDeps, 'logins' | 'skew'>, own: Login): PageView {
  const at = (time: number) => timeView(time + skew())
  const all = logins.list()
  return {
    others: all.length > 1 ? all.length - 1 : null,
    logins: all.map(({ id, since, seen, expiresAt }) => ({
      id,
      own: id === own.id,
      browser: seen ? browserName(seen.browser) : 'not seen yet',
      from: seen?.from ?? null,
      seen: seen ? at(seen.at) : null,
      since: since === undefined ? null : at(since),
      ends: at(expiresAt),
    })),
  }
}

const hostsView = (hosts: readonly HostView[]): PageView => ({
  anyHosts: hosts.length > 0,
  hosts: hosts.map(({ name, kind, state, seenAt, sessions }) => ({
    isDoor: kind === 'door',
    ...{ name, state, tone: toneOf(state) },
    sessions: sessions === 1 ? '1 session' : `${sessions} sessions`,
    seen: seenAt === null ? null : { at: seenAt, shown: shortTime(seenAt) },
  })),
})

function installationView(found: Installation): PageView {
  const { version, runtime, startedAt, listens, publicUrl, places, keys, switches, limits, warnings } = found
  return {
    facts: { version, runtime, listens, publicUrl: publicUrl ?? null, started: timeView(startedAt) },
    warnings,
    places: places.map(({ what, path, bytes }) => ({
      ...{ what, path },
      size: bytes === null ? 'not there' : bytes === undefined ? null : sizeText(bytes),
    })),
    rotates: keys.every(({ variable }) => variable !== keysVariable),
    keys: keys.map(({ what, madeAt, variable, retiresAt }) => ({
      ...{ what, variable: variable ?? null },
      made: madeAt === undefined ? null : timeView(madeAt),
      retires: retiresAt === undefined ? null : timeView(retiresAt),
    })),
    switches: switches.map(({ name, on, what }) => ({
      ...{ name, what, state: on ? 'On' : 'Off', tone: on ? 'taken' : 'plain' },
    })),
    limits: limits.map(([name, value]) => ({ name, value })),
  }
}
