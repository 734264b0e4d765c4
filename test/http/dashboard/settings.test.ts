import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HostName } from '../../../src/domain/host.ts'
import { browserName } from '../../../src/http/dashboard/browser-name.ts'
import { createLogins } from '../../../src/http/dashboard/logins.ts'
import { type Installation, loginsView, settingsPage } from '../../../src/http/dashboard/settings.ts'
import type { HostView } from '../../../src/manage/hosts.ts'

describe('browserName', () => {
  const linux = 'Mozilla/5.0 (X11; Linux x86_64)'
  const cases: readonly (readonly [userAgent: string, name: string])[] = [
    [`${linux} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36`, 'Chrome on Linux'],
    [`${linux} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0 Safari/537.36 Edg/143.0`, 'Edge on Linux'],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0',
      'Firefox on Windows',
    ],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) Version/19.1 Safari/604.1', 'Safari on iOS'],
    ['curl/8.14.1', 'curl'],
    ['<img src=x>', 'an unnamed browser'],
    ['', 'an unnamed browser'],
  ]
  for (const [userAgent, name] of cases)
    it(`calls it ${name}: ${userAgent.slice(0, 40)}`, () => assert.equal(browserName(userAgent), name))
})

describe('loginsView', () => {
  it('marks the own one, offers to end the others, and shows no secret', () => {
    let drawn = 0
    const bytes = (length: number) => new Uint8Array(length).fill(++drawn)
    const logins = createLogins({ now: () => 1_000_000, bytes })
    const [first, second] = [logins.open(), logins.open()]
    logins.find(first.secret, { from: '192.0.2.9', browser: 'curl/8' })
    const view = loginsView({ logins, skew: () => 5000 }, second.login)
    const shown = view.logins as readonly { own: boolean; from: string | null; seen: { at: string } | null }[]
    assert.deepEqual(
      shown.map(({ own, from, seen }) => [own, from, seen?.at]),
      [
        [false, '192.0.2.9', '1970-01-01T00:16:45.000Z'],
        [true, null, undefined],
      ],
    )
    assert.equal(view.others, 1)
    for (const { secret, login } of [first, second])
      for (const hidden of [secret, login.csrf]) assert.ok(!JSON.stringify(view).includes(hidden))
  })
})

describe('settingsPage', () => {
  it('shows what is there when it is opened, and follows none of it', async () => {
    const found: Installation = {
      ...{
        version: '1.2.3',
        runtime: 'bun 1',
        startedAt: 0,
        listens: 'http://127.0.0.1:1',
        publicUrl: undefined,
      },
      places: [
        { what: 'Home', path: '/h' },
        { what: 'Configuration', path: '/h/c', bytes: null },
        { what: 'Database', path: '/h/d', bytes: 3_400_000 },
      ],
      keys: [{ what: 'Signing key', madeAt: 0, retiresAt: 1000 }],
      switches: [{ name: 'Hooks', on: false, what: 'every hook answers 403' }],
      ...{ limits: [['Attempts', '8']], warnings: [] },
    }
    const logins = createLogins({ now: () => 0, bytes: (length) => new Uint8Array(length) })
    const page = settingsPage({
      logins,
      skew: () => 0,
      installation: async () => found,
      listHosts: async () => [],
    })
    assert.equal(page.view.places, undefined)
    const { places, switches, keys, anyHosts } = (await page.atOnce?.()) ?? {}
    assert.equal(anyHosts, false)
    assert.deepEqual(
      (places as { size: string | null }[]).map(({ size }) => size),
      [null, 'not there', '3.2 MiB'],
    )
    assert.equal((switches as { state: string }[])[0]?.state, 'Off')
    assert.equal((keys as { retires: { at: string } }[])[0]?.retires.at, '1970-01-01T00:00:01.000Z')
  })

  it('lists machines that may join: how each is, when it was seen, what it has', async () => {
    const logins = createLogins({ now: () => 0, bytes: (length) => new Uint8Array(length) })
    const host = (name: string, about: Partial<HostView>): HostView => ({
      ...{ name: name as HostName, kind: 'host', state: 'waiting', seenAt: null, sessions: 0 },
      createdAt: '2026-11-22T10:00:00.000Z',
      ...about,
    })
    const seenAt = '2026-11-22T11:00:00.000Z'
    const listHosts = async () => [
      host('laptop', { state: 'there', seenAt, sessions: 1 }),
      host('vm', { kind: 'door' }),
    ]
    const found = {} as Installation
    const installation = async (): Promise<Installation> => ({
      ...{ ...found, places: [], keys: [], switches: [], limits: [], warnings: [] },
      startedAt: 0,
    })
    const { anyHosts, hosts } =
      (await settingsPage({ logins, skew: () => 0, installation, listHosts }).atOnce?.()) ?? {}
    assert.equal(anyHosts, true)
    assert.deepEqual(hosts, [
      {
        ...{ name: 'laptop', isDoor: false, state: 'there', tone: 'taken', sessions: '1 session' },
        seen: { at: seenAt, shown: '2026-11-22 11:00:00 UTC' },
      },
      { name: 'vm', isDoor: true, state: 'waiting', tone: 'plain', sessions: '0 sessions', seen: null },
    ])
  })
})
