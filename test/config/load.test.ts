import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Config, type ConfigSources, configSchema, loadConfig } from '../../src/config/load.ts'
import { variables } from '../../src/config/overrides.ts'
import { printable } from '../../src/config/printable.ts'
import { Failure } from '../../src/domain/error.ts'
import { homeAt } from '../../src/domain/home.ts'

const home = homeAt('/home/postern')
const secret = 'a-secret-of-some-length'

const load = (document: unknown, sources: Partial<ConfigSources> & { files?: Record<string, string> } = {}) =>
  loadConfig({
    home,
    env: {},
    flags: {},
    read: async (path) =>
      path === home.configFile
        ? typeof document === 'string' || document === undefined
          ? document
          : JSON.stringify(document)
        : sources.files?.[path],
    ...sources,
  })

const refusal = async (promise: Promise<Config>): Promise<string> => {
  const thrown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert(thrown instanceof Failure, 'should have been refused')
  assert.equal(thrown.code, 'config_invalid')
  return thrown.message
}

const enabled = (webhooks: object) => ({ webhooks: { enabled: true, secret, ...webhooks } })
const withHook = (hook: object, key = 'h') => enabled({ hooks: { [key]: { messageTemplate: 'x', ...hook } } })

describe('loadConfig', () => {
  it('is all defaults without a file', async () => {
    const config = await load(undefined)
    assert.deepEqual(config, {
      server: {
        host: '127.0.0.1',
        port: 7717,
        grantTtlSeconds: 2_592_000,
        waitSeconds: 5,
        drainSeconds: 10,
        logLevel: 'info',
        allowedHosts: [],
        trustedProxies: [],
        callbacks: { allow: [], secrets: [] },
      },
      webhooks: { enabled: false, secrets: [], hooks: [] },
      sessions: { wake: 'default', agent: 'webhook-agent', allow: [], registerFrom: 'here', declared: [] },
      notify: [],
      skills: { dirs: [join(home.root, 'skills')] },
      limits: {
        knocksPerMinute: 600,
        authFailuresPerMinute: 20,
        queuePerSession: 1000,
        turnsAtOnce: 0,
        decisionSeconds: 1500,
        messageBytes: 65_536,
        hookBytes: 1_048_576,
        openWaits: 8,
        waitSeconds: 86_400,
      },
      retry: { baseSeconds: 1, capSeconds: 300, attempts: 8, maxHoldSeconds: 86_400, waitingSeconds: 600 },
      retention: { days: 30 },
      warnings: [],
    })
    assert.deepEqual(await load('{}'), config)
  })

  it('takes the documented example on loopback, with a warning', async () => {
    const example = {
      webhooks: {
        enabled: true,
        secret: 'your-webhook-secret',
        hooks: {
          github: {
            name: 'github',
            path: '/api/hooks/github',
            messageTemplate: 'Push to {{repository.name}} by {{sender.login}}: {{head_commit.message}}',
            skill: 'code-review',
            active: true,
          },
        },
      },
    }
    const { webhooks, warnings } = await load(example)
    assert.deepEqual(webhooks.hooks, [
      {
        name: 'github',
        path: '/api/hooks/github',
        template: 'Push to {{repository.name}} by {{sender.login}}: {{head_commit.message}}',
        skill: 'code-review',
        active: true,
        action: 'agent',
        fence: false,
        maxBodyBytes: 1_048_576,
        verify: { scheme: 'bearer', secrets: ['your-webhook-secret'] },
      },
    ])
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', /from the documentation/)
    for (const host of ['0.0.0.0', '::', '192.168.1.2', 'example.com'])
      assert.match(
        await refusal(load({ ...example, server: { host } })),
        /webhooks\.secret: is the one from the documentation/,
      )
    for (const server of [{ publicUrl: 'https://a.example' }, { trustedProxies: ['127.0.0.1'] }])
      assert.match(
        await refusal(load({ ...example, server })),
        /from the documentation, and server\.\w+ is set/,
      )
    for (const host of ['localhost', '127.8.9.1', '::1']) await load({ ...example, server: { host } })
  })

  it('warns of pages that are open to everybody', async () => {
    const warningsOf = async (server: object) => (await load({ server })).warnings
    assert.deepEqual(await warningsOf({ metrics: 'open', docs: 'open' }), [])
    assert.deepEqual(await warningsOf({ metrics: 'admin', publicUrl: 'https://a.example' }), [])
    assert.deepEqual(await warningsOf({ metrics: 'open', publicUrl: 'https://a.example' }), [
      'server.metrics is open to everybody who reaches the server, and server.publicUrl is set.',
    ])
  })

  it('warns of what comes into a secret with its file', async () => {
    const files = { '/home/postern/preferences/s': `${secret}\n\n` }
    const warningsOf = async (hookSecret: unknown) =>
      (await load(withHook({ verify: { scheme: 'github', secret: hookSecret } }), { files })).warnings
    for (const stray of [{ file: 's' }, ` ${secret}`, `\ufeff${secret}`, `${secret}\ufffd`, `${secret}\tx`]) {
      const warnings = await warningsOf(stray)
      assert.match(warnings.join(), /^webhooks\.hooks\.h\.verify\.secret has spaces or line breaks/)
      assert.ok(!warnings.join().includes(secret))
    }
    assert.deepEqual(await warningsOf('with spaces between, and ü'), [])
  })

  it('warns of an option that proves nothing, and goes on', async () => {
    const warningsOf = async (verify: object) =>
      (await load(withHook({ verify: { secret, ...verify } }))).warnings
    assert.match(
      (await warningsOf({ scheme: 'github', toleranceSeconds: 60 })).join(),
      /^webhooks\.hooks\.h\.verify\.toleranceSeconds means nothing to github/,
    )
    assert.match(
      (await warningsOf({ scheme: 'hmac', header: 'X-Sig', timestampHeader: 'X-Time' })).join(),
      /verify\.timestampHeader proves nothing unless signed holds \{timestamp\}/,
    )
  })

  it('puts flags above the environment above the file above the defaults', async () => {
    const file = {
      server: { host: '10.0.0.1', port: 1001, publicUrl: 'https://file.example', waitSeconds: 2 },
    }
    const env = { POSTERN_PORT: '1002', POSTERN_PUBLIC_URL: 'https://env.example/', POSTERN_HOST: '' }
    const { server } = await load(file, { env, flags: { publicUrl: 'https://flag.example' } })
    assert.deepEqual(
      [server.host, server.port, server.publicUrl, server.waitSeconds, server.drainSeconds],
      ['10.0.0.1', 1002, 'https://flag.example', 2, 10],
    )
  })

  it('reads every variable', async () => {
    const env = {
      POSTERN_HOST: '::1',
      POSTERN_PORT: '0',
      POSTERN_PUBLIC_URL: 'https://a.example/base/',
      POSTERN_ALLOWED_HOSTS: 'A.example, b.example',
      POSTERN_TRUSTED_PROXIES: '10.0.0.0/8,::1',
      POSTERN_TLS_CERT: '/c.pem',
      POSTERN_TLS_KEY: '/k.pem',
      POSTERN_DOCS: 'off',
      POSTERN_METRICS: 'admin',
      POSTERN_LOG_LEVEL: 'debug',
      POSTERN_GRANT_TTL_SECONDS: 'never',
      POSTERN_WEBHOOKS_ENABLED: 'true',
      POSTERN_WEBHOOKS_SECRET: secret,
    }
    const { server, webhooks } = await load(undefined, { env })
    assert.deepEqual(server, {
      host: '::1',
      port: 0,
      publicUrl: 'https://a.example/base',
      allowedHosts: ['a.example', 'b.example'],
      trustedProxies: ['10.0.0.0/8', '::1'],
      tls: { certFile: '/c.pem', keyFile: '/k.pem' },
      docs: 'off',
      metrics: 'admin',
      logLevel: 'debug',
      grantTtlSeconds: 'never',
      waitSeconds: 5,
      drainSeconds: 10,
      callbacks: { allow: [], secrets: [] },
    })
    assert.deepEqual(webhooks, { enabled: true, secrets: [secret], hooks: [] })
  })

  it('names the variable or flag that is wrong', async () => {
    assert.match(
      await refusal(load({}, { env: { POSTERN_PORT: 'abc' } })),
      /\n {2}POSTERN_PORT: must be a whole number/,
    )
    assert.match(
      await refusal(load(undefined, { flags: { port: 70_000 } })),
      /\n {2}--port: must be a whole number/,
    )
  })

  it('tells line and column of what is not JSON', async () => {
    const cases: readonly (readonly [string, string])[] = [
      ['', 'line 1, column 1'],
      ['{\n  "webhooks": {\n    "enabled": true,\n  }\n}', 'line 4, column 3'],
      ['{\n  // comment\n}', 'line 2, column 3'],
      ['{"a": 1} x', 'line 1, column 10'],
    ]
    for (const [text, place] of cases)
      assert((await refusal(load(text))).endsWith(`is not valid JSON: ${place}.`), text)
    await load('\ufeff{}')
  })

  it('reads the file itself, and its absence', async () => {
    const root = await mkdtemp(join(tmpdir(), 'postern-config-'))
    try {
      const real = { ...homeAt(root), configFile: join(root, 'webhooks.json') }
      assert.equal((await loadConfig({ home: real, env: {}, flags: {} })).server.port, 7717)
      await writeFile(real.configFile, '{"server":{"port":1}}')
      assert.equal((await loadConfig({ home: real, env: {}, flags: {} })).server.port, 1)
      const directory = { ...real, configFile: root }
      assert.match(await refusal(loadConfig({ home: directory, env: {}, flags: {} })), /cannot be read/)
    } finally {
      await rm(root, { recursive: true })
    }
  })

  it('takes what a hook says and limits itself', async () => {
    const own = {
      instruction: 'Be brief.',
      idempotencySeconds: 2_592_000,
      knocksPerMinute: 0,
      queuePerSession: 9,
    }
    const { webhooks } = await load(withHook({ ...own, fence: true }))
    assert.deepEqual({ ...webhooks.hooks[0], ...own, fence: true }, webhooks.hooks[0])
  })

  it('warns of keys that are forgotten while a signature still counts', async () => {
    const warningsOf = async (idempotencySeconds: number, verify: unknown) =>
      (await load(withHook({ idempotencySeconds, verify, secret: 'another-secret-of-some-length' }))).warnings
    const timed = { scheme: 'hmac', header: 'x', signed: '{timestamp}{body}', timestampHeader: 'x-time' }
    for (const [seconds, verify, fresh] of [
      [599, 'slack', 600],
      [599, timed, 600],
      [19, { ...timed, toleranceSeconds: 10 }, 20],
    ] as const)
      assert.deepEqual(await warningsOf(seconds, verify), [
        `webhooks.hooks.h.idempotencySeconds is shorter than the ${fresh} s in which a signature may count: it could be used again.`,
      ])
    for (const [seconds, verify] of [
      [600, 'slack'],
      [1, 'github'],
      [1, 'bearer'],
    ] as const)
      assert.deepEqual(await warningsOf(seconds, verify), [])
  })

  it('is plain data', async () => {
    const config = await load(withHook({ filter: { all: [{ path: 'a', matches: '^x' }] }, verify: 'github' }))
    assert.deepEqual(structuredClone(config), config)
  })
})

describe('loadConfig: complaints', () => {
  const cases: readonly (readonly [title: string, document: unknown, ...expected: string[]])[] = [
    ['an unknown section', { webhook: {} }, 'webhook: unknown key; did you mean "webhooks"?'],
    [
      'an unknown key',
      withHook({ activ: true }),
      'webhooks.hooks.h.activ: unknown key; did you mean "active"?',
    ],
    [
      'a key far from any',
      { limits: { zzzzzz: 1 } },
      'limits.zzzzzz: unknown key; known are knocksPerMinute,',
    ],
    [
      'keys that count too long',
      withHook({ idempotencySeconds: 2_592_001 }),
      'webhooks.hooks.h.idempotencySeconds: must be a whole number from 1 to 2592000',
    ],
    [
      'an instruction that says nothing',
      withHook({ instruction: ' \n' }),
      'webhooks.hooks.h.instruction: must be a text of at most 16384 characters, and not blank',
    ],
    ['a file that is no object', [], 'the whole file: must be an object'],
    ['null', 'null', 'the whole file: must be an object'],
    ['a section that is none', { server: 7 }, 'server: must be an object'],
    ['a wrong type', { server: { port: '7717' } }, 'server.port: must be a whole number from 0 to 65535'],
    [
      'a negative limit',
      { limits: { messageBytes: -1 } },
      'limits.messageBytes: must be a whole number from 0',
    ],
    ['a word that is none', { server: { docs: 'public' } }, 'server.docs: must be one of: open, admin, off'],
    ['half of tls', { server: { tls: { cert: 'c' } } }, 'server.tls.key: is missing'],
    ['a bad public URL', { server: { publicUrl: 'example.com' } }, 'server.publicUrl: must be a URL like'],
    [
      'a public URL with a query',
      { server: { publicUrl: 'https://a?b' } },
      'server.publicUrl: must be a URL like',
    ],
    [
      'a bad proxy',
      { server: { trustedProxies: ['10.0.0.0/33'] } },
      'server.trustedProxies[0]: must be an IP address',
    ],
    [
      'a bad host',
      { server: { allowedHosts: ['a', 'b:80'] } },
      'server.allowedHosts[1]: must be a host name',
    ],
    [
      'a grant life of nothing',
      { server: { grantTtlSeconds: 0 } },
      'server.grantTtlSeconds: must be a whole number',
    ],
    [
      'a cap below the base',
      { retry: { baseSeconds: 9, capSeconds: 3 } },
      'retry.capSeconds: must not be less',
    ],
    ['a bad session', { sessions: { wake: 'No' } }, 'sessions.wake: must be a session id'],
    [
      'a bad declared id',
      { sessions: { declared: { No: { driver: 'pty' } } } },
      'sessions.declared.No: is not a session id',
    ],
    [
      'a session without driver',
      { sessions: { declared: { a: {} } } },
      'sessions.declared.a.driver: is missing',
    ],
    ['no secret', { webhooks: { enabled: true } }, 'webhooks.secret: is missing'],
    ['an empty secret', enabled({ secret: '' }), 'webhooks.secret: must have 16 characters'],
    ...[
      `$${'{WEBHOOK_SECRET}'}`,
      '$WEBHOOK_SECRET_X',
      '{{ webhook_secret }}',
      '<your-secret-here>',
      'x'.repeat(20),
    ].flatMap(
      (placeholder) =>
        [
          [
            `the secret ${placeholder}`,
            enabled({ secret: placeholder }),
            'webhooks.secret: is a placeholder',
          ],
          [
            `a hook with the secret ${placeholder}`,
            withHook({ verify: { scheme: 'github', secret: placeholder } }),
            'webhooks.hooks.h.verify.secret: is a placeholder',
          ],
        ] as const,
    ),
    [
      'the secret of the documentation at a hook, beyond loopback',
      {
        server: { host: '0.0.0.0' },
        ...withHook({ verify: { scheme: 'github', secret: 'your-webhook-secret' } }),
      },
      'webhooks.hooks.h.verify.secret: is the one from the documentation, and 0.0.0.0',
    ],
    [
      'a list in a list of secrets',
      withHook({ verify: { scheme: 'github', secret: [[secret]] } }),
      'webhooks.hooks.h.verify.secret[0]: must be a string, {"env": "NAME"}',
    ],
    [
      'a secret for a sender that has none',
      withHook({
        secret,
        verify: { scheme: 'amazon-sns', topicArn: 'arn:aws:sns:us-west-2:123456789012:t' },
      }),
      'webhooks.hooks.h.secret: means nothing to amazon-sns',
    ],
    ['a short secret', enabled({ secret: '15-characters-x' }), 'webhooks.secret: must have 16 characters'],
    [
      'a short one of two',
      enabled({ secret: [secret, 'short'] }),
      'webhooks.secret: must have 16 characters',
    ],
    [
      'an unset variable',
      enabled({ secret: { env: 'NOPE' } }),
      'webhooks.secret: the environment variable NOPE is not set',
    ],
    [
      'an absent file',
      enabled({ secret: [{ file: 'nope' }] }),
      'webhooks.secret[0]: there is no file /home/postern/preferences/nope',
    ],
    [
      'a secret of a wrong kind',
      enabled({ secret: { evn: 'X' } }),
      'webhooks.secret: must be a secret: a string',
    ],
    [
      'a short secret of a hook',
      withHook({ secret: 'short' }),
      'webhooks.hooks.h.secret: must have 16 characters',
    ],
    [
      'two secrets of a hook',
      withHook({ secret, verify: { scheme: 'github', secret } }),
      'webhooks.hooks.h.secret: stands beside',
    ],
    ['a path elsewhere', withHook({ path: '/hooks/x' }), 'webhooks.hooks.h.path: must be below /api/hooks/'],
    [
      'a path of ours',
      withHook({ path: '/api/hooks/Wake/' }),
      'webhooks.hooks.h.path: is the path of a built-in hook',
    ],
    ['a name of ours', withHook({}, 'agent'), 'webhooks.hooks.agent.name: is the name of a built-in hook'],
    ['a path upwards', withHook({ path: '/api/hooks/../x' }), 'webhooks.hooks.h.path: may hold letters'],
    [
      'a percent-encoded path',
      withHook({ path: '/api/hooks/%61gent' }),
      'webhooks.hooks.h.path: may hold letters',
    ],
    ['a doubled slash', withHook({ path: '/api/hooks//x' }), 'webhooks.hooks.h.path: may hold letters'],
    ['a bare root', withHook({ path: '/api/hooks/' }), 'webhooks.hooks.h.path: must be below'],
    ['a bad name', withHook({}, 'my hook'), 'webhooks.hooks["my hook"].name: must be 1 to 64'],
    [
      'no template',
      enabled({ hooks: { h: {} } }),
      'webhooks.hooks.h.messageTemplate: is missing, and no preset',
    ],
    [
      'a broken template',
      withHook({ messageTemplate: 'a\n{{#b}}\n{{/c}}' }),
      'webhooks.hooks.h.messageTemplate: line 3, column 1: Unclosed section "b"',
    ],
    [
      'a partial',
      withHook({ messageTemplate: '{{> x}}' }),
      'webhooks.hooks.h.messageTemplate: line 1, column 1: Partials',
    ],
    ['a bad skill', withHook({ skill: '../x' }), 'webhooks.hooks.h.skill: must be the name of a skill'],
    ['a bad action', withHook({ action: 'run' }), 'webhooks.hooks.h.action: must be one of: agent, wake'],
    [
      'too large a body',
      withHook({ maxBodyBytes: 26_214_401 }),
      'webhooks.hooks.h.maxBodyBytes: must be a whole number',
    ],
    [
      'an unknown scheme',
      withHook({ verify: 'gihub' }),
      'webhooks.hooks.h.verify: must be an object with "scheme", or one of: bearer',
    ],
    [
      'an unknown key of verify',
      withHook({ verify: { scheme: 'hmac', heder: 'x' } }),
      'webhooks.hooks.h.verify.heder: unknown key; did you mean "header"?',
    ],
    ['hmac without header', withHook({ verify: 'hmac' }), 'webhooks.hooks.h.verify.header: is missing'],
    ['discord without key', withHook({ verify: 'discord' }), 'webhooks.hooks.h.verify.secret: is missing'],
    ['basic without username', withHook({ verify: 'basic' }), 'webhooks.hooks.h.verify.username: is missing'],
    [
      'amazon-sns without a topic',
      withHook({ verify: 'amazon-sns' }),
      'webhooks.hooks.h.verify.topicArn: is missing',
    ],
    [
      'hmac over something else than the body',
      withHook({ verify: { scheme: 'hmac', header: 'x', signed: '{url}' } }),
      'webhooks.hooks.h.verify.signed: must hold {body}',
    ],
    [
      'hmac over a placeholder that nothing fills',
      withHook({ verify: { scheme: 'hmac', header: 'x', signed: '{body}{tme}' } }),
      'webhooks.hooks.h.verify.signed: knows no {tme}',
    ],
    [
      'hmac over a time without its header',
      withHook({ verify: { scheme: 'hmac', header: 'x', signed: '{timestamp}.{body}' } }),
      'webhooks.hooks.h.verify.timestampHeader: is missing',
    ],
    [
      'a header that is none',
      withHook({ verify: { scheme: 'bearer', header: 'X Secret' } }),
      'webhooks.hooks.h.verify.header: is no name of a header',
    ],
    [
      'a signing secret that is no base64',
      withHook({ verify: { scheme: 'svix', secret: 'whsec_not base64 at all' } }),
      'webhooks.hooks.h.verify.secret: must be the signing secret as the sender shows it',
    ],
    [
      'a shared secret that is no signing secret',
      withHook({ verify: 'standard-webhooks' }),
      'webhooks.hooks.h.verify.secret: must be the signing secret as the sender shows it',
    ],
    [
      'a public key that is no hex',
      withHook({ verify: 'discord', secret: 'gh'.repeat(32) }),
      "webhooks.hooks.h.secret: must be the application's public key",
    ],
    [
      'an empty secret of Dropbox',
      withHook({ verify: { scheme: 'dropbox', secret: '' } }),
      'webhooks.hooks.h.verify.secret: is empty',
    ],
    ['an unknown preset', withHook({ preset: 'x' }), 'webhooks.hooks.h.preset: must be one of: github'],
    [
      'an odd filter',
      withHook({ filter: { path: 'a', equal: 1 } }),
      'webhooks.hooks.h.filter: must be a condition',
    ],
    [
      'an odd filter within',
      withHook({ filter: { all: [{ path: 'a', exists: true }, { x: 1 }] } }),
      'webhooks.hooks.h.filter.all[1]: must be a condition',
    ],
    [
      'a filter with two tests',
      withHook({ filter: { path: 'a', equals: 1, exists: true } }),
      'webhooks.hooks.h.filter: must be a condition',
    ],
    [
      'a bad pattern',
      withHook({ filter: { path: 'a', matches: '(' } }),
      'webhooks.hooks.h.filter: The pattern does not work',
    ],
    [
      'several at once',
      { server: { port: 'x' }, retention: { days: -1 } },
      'server.port: ',
      'retention.days: ',
    ],
  ]
  for (const [title, document, ...expected] of cases)
    it(title, async () => {
      const message = await refusal(load(document))
      for (const part of expected) assert(message.includes(`\n  ${part}`), message)
    })

  const pairs: readonly (readonly [string, string])[] = [
    ['/api/hooks/one', '/api/hooks/one'],
    ['/api/hooks/one', '/api/hooks/one/'],
    ['/api/hooks/one', '/api/hooks/ONE'],
  ]
  for (const [a, b] of pairs)
    it(`${a} and ${b} are the same path`, async () => {
      const hooks = { a: { path: a, messageTemplate: 'x' }, b: { path: b, messageTemplate: 'x' } }
      assert.match(
        await refusal(load(enabled({ hooks }))),
        /webhooks\.hooks\.b\.path: is also that of the hook "a"/,
      )
    })

  it('finds names that are taken', async () => {
    const hooks = {
      a: { messageTemplate: 'x' },
      b: { name: 'A', path: '/api/hooks/other', messageTemplate: 'x' },
    }
    assert.match(
      await refusal(load(enabled({ hooks }))),
      /webhooks\.hooks\.b\.name: is also that of the hook "a"/,
    )
  })

  it('never says a value', async () => {
    const value = 'hunter2hunter2!'
    const documents = [
      enabled({ secret: value }),
      enabled({ secret: { [value]: 1 } }),
      withHook({ verify: { scheme: value, secret: value } }),
      { server: { port: value, docs: value, publicUrl: `https://u:${value}@x` } },
      `{"webhooks":{"secret":"${value}",}}`,
    ]
    for (const document of documents) assert(!(await refusal(load(document))).includes(value))
  })
})

describe('loadConfig: hooks', () => {
  const hookOf = async (hook: object, sources = {}) => (await load(withHook(hook), sources)).webhooks.hooks[0]

  it('gives a hook its own secrets, several of them, from anywhere', async () => {
    const written = [{ env: 'NEW' }, { file: 'old.txt' }, 'a-third-secret-here']
    const sources = {
      env: { NEW: 'new-secret-of-length' },
      files: { '/home/postern/preferences/old.txt': 'old-secret-of-length\n' },
    }
    const secrets = ['new-secret-of-length', 'old-secret-of-length', 'a-third-secret-here']
    for (const hook of [{ secret: written }, { verify: { scheme: 'bearer', secret: written } }])
      assert.deepEqual((await hookOf(hook, sources))?.verify, { scheme: 'bearer', secrets })
  })

  it('takes the scheme of its preset unless told otherwise', async () => {
    const bare = { messageTemplate: undefined }
    assert.deepEqual((await hookOf({ ...bare, preset: 'stripe' }))?.verify, {
      scheme: 'stripe',
      secrets: [secret],
    })
    assert.deepEqual((await hookOf({ ...bare, preset: 'stripe', verify: 'bearer' }))?.verify.scheme, 'bearer')
    assert.equal((await hookOf({ ...bare, preset: 'github' }))?.template, undefined)
  })

  it('takes the secrets that senders make as short as they are', async () => {
    for (const scheme of ['dropbox', 'twitch']) {
      const verify = { scheme, secret: 'fifteen-letters' }
      assert.deepEqual((await hookOf({ verify }))?.verify.secrets, ['fifteen-letters'])
    }
  })

  it('minds no signing secret where nobody can reach the hook', async () => {
    const verify = { scheme: 'svix', secret: 'not base64 at all' }
    assert.equal((await hookOf({ verify, active: false }))?.verify.scheme, 'svix')
    await assert.rejects(load(withHook({ verify: 'basic', active: false })), /username: is missing/)
  })

  it('passes on how to verify', async () => {
    const verify = {
      scheme: 'hmac',
      header: 'X-Sig',
      prefix: 'sha1=',
      encoding: 'base64',
      algorithm: 'sha1',
      signed: '{timestamp}{body}',
      timestampHeader: 'X-Time',
      toleranceSeconds: 60,
    }
    assert.deepEqual((await hookOf({ verify }))?.verify, { ...verify, secrets: [secret] })
  })

  it('has a path after its name, and no trailing slash', async () => {
    assert.equal((await hookOf({}))?.path, '/api/hooks/h')
    assert.equal((await hookOf({ path: '/api/hooks/team/One/' }))?.path, '/api/hooks/team/One')
  })

  it('asks nothing of what is switched off', async () => {
    const hooks = { h: { messageTemplate: 'x', secret: { env: 'NOPE' } } }
    await load({ webhooks: { secret: { env: 'NOPE' }, hooks } })
    await load(enabled({ hooks: { h: { ...hooks.h, active: false } } }))
    await refusal(load(enabled({ hooks })))
  })

  it('lets the limit of hooks be none', async () => {
    const { webhooks } = await load({ ...withHook({}), limits: { hookBytes: 0 } })
    assert.equal(webhooks.hooks[0]?.maxBodyBytes, 26_214_400)
  })
})

describe('printable', () => {
  it('shows no secret', async () => {
    const config = await load({
      store: 'postgres://postern:SECRET-p@db/postern?password=SECRET-q',
      server: { callbacks: { secret: 'SECRET-callback-1234' } },
      webhooks: {
        enabled: true,
        secret: ['SECRET-x9Kq2mVb7-one', 'SECRET-x9Kq2mVb7-two'],
        hooks: {
          h: {
            messageTemplate: 'x',
            verify: { scheme: 'meta', secret: 'SECRET-hook-9x4Qm7Zt', verifyToken: 'SECRET-v-x9Kq2mVb7' },
          },
        },
      },
      sessions: {
        declared: {
          a: {
            driver: 'http',
            settings: {
              url: 'https://x',
              apiKey: 'SECRET-k',
              headers: { 'X-A': 'SECRET-h' },
              env: { A: 'SECRET-e' },
              deep: { token: 'SECRET-t', n: 1 },
            },
          },
        },
      },
    })
    const shown = JSON.stringify(printable(config))
    assert(!shown.includes('SECRET'), shown)
    assert(shown.includes('"url":"https://x"') && shown.includes('"n":1'))
    assert(JSON.stringify(config).includes('SECRET-x9Kq2mVb7-one'))
  })
})

describe('configSchema', () => {
  it('is plain JSON Schema of everything', async () => {
    const schema = await configSchema()
    assert.deepEqual(JSON.parse(JSON.stringify(schema)), schema)
    assert.deepEqual(Object.keys(Object(schema.properties)), [
      '$schema',
      'webhooks',
      'server',
      'sessions',
      'notify',
      'skills',
      'limits',
      'retry',
      'store',
      'retention',
    ])
    assert.equal(schema.additionalProperties, false)
  })
})

describe('docs/configuration.md', () => {
  it('names every key of the schema and every variable', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8')
    const keys = new Set(keysIn(await configSchema()))
    assert.ok(keys.size > 50)
    const missing = [...keys, ...Object.keys(variables)].filter(
      (key) => !new RegExp(`[\`".]${key.replaceAll('$', '\\$')}[\`".]`).test(page),
    )
    assert.deepEqual(missing, [])
  })
})

/** The names of all properties, wherever in the schema they stand. */
function keysIn(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties } = schema as { properties?: unknown }
  const own = typeof properties === 'object' && properties !== null ? Object.keys(properties) : []
  return [...own, ...Object.values(schema).flatMap(keysIn)]
}

describe('a configuration that is a link to what is not there is not none', () => {
  for (const [linked, making] of [
    ['preferences', ''],
    ['preferences/webhooks.json', 'preferences'],
  ] as const)
    it(`refuses ${linked}`, async () => {
      const root = await mkdtemp(join(tmpdir(), 'postern-config-'))
      await mkdir(join(root, making), { recursive: true })
      await symlink(join(root, 'nowhere'), join(root, linked))
      const said = await refusal(loadConfig({ home: homeAt(root), env: {}, flags: {} }))
      assert.equal(said, `${join(root, linked)} is a link to what is not there.`)
      await rm(root, { recursive: true })
    })
})
