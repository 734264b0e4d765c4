import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ConfigSources, loadConfig } from '../../src/config/load.ts'
import { printable } from '../../src/config/printable.ts'
import { reasonOf } from '../../src/domain/error.ts'
import { homeAt } from '../../src/domain/home.ts'

const home = homeAt('/home/postern')
const secret = 'x9Kq2mVb7Zt4Qm-notices'

const load = (notify: unknown, more: object = {}, sources: Partial<ConfigSources> = {}) =>
  loadConfig({
    home,
    env: {},
    flags: {},
    read: async (path) => (path === home.configFile ? JSON.stringify({ notify, ...more }) : undefined),
    ...sources,
  })

const rule = (more: object = {}) => ({ on: ['turn_ended'], url: 'https://ci.example.com/x', secret, ...more })

describe('loadConfig: notify', () => {
  it('fills in what a rule leaves out, and names it without showing its URL', async () => {
    const env = { NTFY: 'https://ntfy.sh/topic-nobody-guesses' }
    const written = [
      rule({ name: 'ci', template: '{{text}}' }),
      rule({ url: { env: 'NTFY' }, template: 'ntfy', secret: undefined }),
    ]
    const { notify, warnings } = await load(written, {}, { env })
    const [first, second] = notify
    assert.deepEqual(first, {
      name: 'ci',
      on: ['turn_ended'],
      session: '*',
      url: 'https://ci.example.com/x',
      template: '{{text}}',
      secrets: [secret],
    })
    assert.match(second?.name ?? '', /^ntfy\.sh-[0-9a-f]{6}$/)
    assert.deepEqual([second?.url, second?.secrets, warnings], [env.NTFY, [], []])
  })

  it('takes headers from where secrets come from, and shows their names alone', async () => {
    const env = { NTFY_AUTH: 'Bearer tk_not_to_be_shown' }
    const loaded = await load(
      [rule({ headers: { Authorization: { env: 'NTFY_AUTH' }, 'X-Team': 'ops' } })],
      {},
      { env },
    )
    assert.deepEqual(loaded.notify[0]?.headers, { authorization: env.NTFY_AUTH, 'x-team': 'ops' })
    const shown = JSON.stringify(printable(loaded).notify)
    assert.match(shown, /"authorization":"\(hidden\)","x-team":"\(hidden\)"/)
  })

  it('is never loaded by commands, which lack its variables', async () => {
    const { notify } = await load([rule({ url: { env: 'NTFY' } })], {}, { ignoreSecretProblems: true })
    assert.deepEqual(notify, [])
  })

  const unsigned = /notify\[0\] has no secret/
  const warned: readonly (readonly [
    title: string,
    rule: object,
    more: object,
    warning: RegExp | undefined,
  ])[] = [
    ['JSON without any secret', rule({ secret: undefined }), {}, unsigned],
    ['a secret of callbacks', rule({ secret: undefined }), { server: { callbacks: { secret } } }, undefined],
    ['a phone without a secret', rule({ secret: undefined, template: 'ntfy' }), {}, undefined],
    ['http to the world', rule({ url: 'http://ci.example.com/' }), {}, /notify\[0\]\.url is http/],
    [
      'http to a host that is allowed',
      rule({ url: 'http://ci.example.com/' }),
      { server: { callbacks: { allow: ['ci.example.com'] } } },
      undefined,
    ],
  ]
  for (const [title, written, more, warning] of warned)
    it(`${warning ? 'warns of' : 'takes'} ${title}`, async () => {
      const { warnings } = await load([written], more)
      assert.equal(warnings.length, warning ? 1 : 0, warnings.join('\n'))
      if (warning) assert.match(warnings[0] ?? '', warning)
    })

  const refused: readonly (readonly [title: string, rules: readonly unknown[], expected: string])[] = [
    ['an event that is none', [rule({ on: ['turn_ends'] })], 'notify[0].on[0]: must be one of: needs_input,'],
    ['no event', [rule({ on: [] })], 'notify[0].on: must be a list of these: needs_input,'],
    [
      'a session that cannot be',
      [rule({ session: 'My Build' })],
      'notify[0].session: must be a session id, or a pattern',
    ],
    ['no URL', [rule({ url: undefined })], 'notify[0].url: is missing'],
    ['a URL that is none', [rule({ url: 'ntfy.sh/topic' })], 'notify[0].url: must be an http or https URL'],
    [
      'a URL with a password',
      [rule({ url: 'https://a:b@c.example/' })],
      'notify[0].url: must be an http or https URL',
    ],
    [
      'an address that is not public',
      [rule({ url: 'http://10.0.0.1/' })],
      'notify[0].url: names an address that is not public',
    ],
    [
      'a variable that is not set',
      [rule({ url: { env: 'NTFY' } })],
      'notify[0].url: the environment variable NTFY is not set',
    ],
    [
      'a ready template misspelt',
      [rule({ template: 'ntfyy' })],
      'notify[0].template: is no ready template; did you mean "ntfy"?',
    ],
    [
      'a template that does not parse',
      [rule({ template: 'a {{#b}}' })],
      'notify[0].template: line 1, column',
    ],
    [
      'a secret that can be guessed',
      [rule({ secret: 'password' })],
      'notify[0].secret: must have 16 characters',
    ],
    [
      'what is no name of a header',
      [rule({ headers: { 'X Key': 'a' } })],
      'notify[0].headers["X Key"]: is no name of a header',
    ],
    [
      'a header that is part of the signature',
      [rule({ headers: { 'Webhook-Id': 'a' } })],
      'notify[0].headers.Webhook-Id: is a header that Postern sets itself',
    ],
    [
      'a header of two lines',
      [rule({ headers: { 'X-Key': 'a\r\nX-Other: b' } })],
      'notify[0].headers.X-Key: must be printable ASCII on one line',
    ],
    [
      'a header twice',
      [rule({ headers: { 'X-Key': 'a', 'x-key': 'b' } })],
      'notify[0].headers.x-key: stands there already',
    ],
    [
      'a header whose variable is not set',
      [rule({ headers: { authorization: { env: 'NTFY_AUTH' } } })],
      'notify[0].headers.authorization: the environment variable NTFY_AUTH is not set',
    ],
    ['a header that is a number', [rule({ headers: { a: 7 } })], 'notify[0].headers.a: must be a string, {'],
    ['the same rule twice', [rule(), rule()], 'notify[1].name: says the same as notify[0]'],
    [
      'a name twice',
      [rule({ name: 'a' }), rule({ name: 'a', session: 'b' })],
      'notify[1].name: is also called as notify[0]',
    ],
    [
      'a misspelt key',
      [rule({ templat: 'ntfy' })],
      'notify[0].templat: unknown key; did you mean "template"?',
    ],
  ]
  for (const [title, rules, expected] of refused)
    it(`refuses ${title}`, async () => {
      const why = await load(rules).then(() => 'it was taken', reasonOf)
      assert.ok(why.includes(expected), why)
    })

  it('is printed without secrets and the rest of a URL', async () => {
    const written = rule({ url: 'https://hooks.example.com/services/T0/SECRET?auth=SECRET' })
    const shown = JSON.stringify(printable(await load([written])).notify)
    assert.doesNotMatch(shown, /SECRET|services|x9Kq/)
    assert.match(shown, /"url":"https:\/\/hooks\.example\.com\/\(hidden\)"/)
  })
})
