import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { configure, countDeliveries, hooks, post, secret, until } from '../support/hooks.ts'

const named = (name: string) => ({ [name]: { messageTemplate: `${name} says {{text}}`, action: 'wake' } })
const unlimited = { limits: { knocksPerMinute: 0, authFailuresPerMinute: 0, queuePerSession: 0 } }

describe('the configuration of a running server', () => {
  let home: string
  let server: Served
  const at = (name: string) => `${server.url}/api/hooks/${name}`

  before(async () => {
    home = await scratchHome()
    configure(home, { ...hooks(named('first')), ...unlimited })
    server = await serve(home)
  })
  after(() => server.stop())

  const answers = (name: string, wanted: number) =>
    until(`${name} answers ${wanted}`, async () =>
      (await post(at(name), { text: 'x' })).status === wanted ? true : undefined,
    )

  it('is followed while knocks arrive, and none of them fails', async () => {
    let stop = false
    const statuses = new Map<number, number>()
    const knocker = async () => {
      while (!stop) {
        const { status } = await post(at('first'), { text: 'still here' })
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }
    const knockers = Array.from({ length: 4 }, knocker)
    for (let round = 0; round < 5; round++) {
      configure(home, { ...hooks({ ...named('first'), ...named(`new-${round}`) }), ...unlimited })
      await answers(`new-${round}`, 202)
    }
    stop = true
    await Promise.all(knockers)
    assert.deepEqual([...statuses.keys()], [202])
    await answers('new-3', 404)
  })

  it('stays as it was when it is broken, and that is said', async () => {
    for (const [broken, said] of [
      ['{ "webhooks": ', /not valid JSON/],
      [JSON.stringify({ webhooks: { enabled: true, secret: 'short' } }), /16 characters/],
      [JSON.stringify(hooks({ first: { messageTemplate: '{{#a}}' } })), /line 1, column/],
      [JSON.stringify({ ...hooks(), webhook: {} }), /webhook.*webhooks/s],
      [JSON.stringify(hooks({ first: { messageTemplate: 'x', path: '/elsewhere' } })), /must be below/],
    ] as const) {
      const before = server.stderr().length
      configure(home, broken)
      const line = await until(
        'word of it',
        () => /config\.broken.*\n/.exec(server.stderr().slice(before))?.[0],
      )
      assert.match(line, said)
      assert.ok(!line.includes(secret))
      assert.equal((await post(at('first'), { text: 'x' })).status, 202)
    }
  })

  it('is read again at SIGHUP, with the secrets in other files', async () => {
    const file = join(home, 'hook.secret')
    const one = 'the first secret in its file\n'
    await writeFile(file, one)
    configure(home, {
      ...hooks({ filed: { messageTemplate: 'x', action: 'wake', secret: { file: '../hook.secret' } } }),
      ...unlimited,
    })
    const knock = async (shown: string) =>
      (await post(at('filed'), {}, { authorization: `Bearer ${shown}` })).status
    await until('the reload', async () =>
      (await knock('the first secret in its file')) === 202 ? true : undefined,
    )
    await writeFile(`${file}.new`, 'the second secret in its file\n')
    await writeFile(file, await readFile(`${file}.new`))
    process.kill(server.pid, 'SIGHUP')
    await until('the other secret', async () =>
      (await knock('the second secret in its file')) === 202 ? true : undefined,
    )
    assert.equal(await knock('the first secret in its file'), 401)
  })

  it('is read again when a secret beside it comes to be', async () => {
    const before = server.stderr().length
    configure(home, {
      ...hooks({ late: { messageTemplate: 'x', action: 'wake', secret: { file: 'late.secret' } } }),
      ...unlimited,
    })
    await until(
      'the refusal in the log',
      () => server.stderr().indexOf('there is no file', before) > 0 || undefined,
    )
    await writeFile(join(home, 'preferences', 'late.secret'), 'a secret that came later\n')
    const headers = { authorization: 'Bearer a secret that came later' }
    await until('the hook', async () => (await post(at('late'), {}, headers)).status === 202 || undefined)
  })

  it('is not rewritten by the server', async () => {
    const text = `${JSON.stringify({ ...hooks(named('first')), ...unlimited })}\n\n`
    configure(home, text)
    await answers('first', 202)
    assert.equal(await readFile(join(home, 'preferences', 'webhooks.json'), 'utf8'), text)
  })
})

describe('serve refuses to start', () => {
  const refusals: readonly [name: string, document: unknown, args: readonly string[], said: RegExp][] = [
    [
      'without a secret',
      { webhooks: { enabled: true } },
      [],
      /webhooks\.secret.*is missing.*postern secret/s,
    ],
    [
      'with an empty secret',
      { webhooks: { enabled: true, secret: '' } },
      [],
      /webhooks\.secret.*16 characters/s,
    ],
    ['with a short secret', { webhooks: { enabled: true, secret: 'fifteen letters' } }, [], /16 characters/],
    [
      'with the secret of the documentation beyond loopback',
      { webhooks: { enabled: true, secret: 'your-webhook-secret' } },
      ['--host', '0.0.0.0'],
      /the one from the documentation, and 0\.0\.0\.0/,
    ],
    [
      'with a secret from a variable that is not set',
      { webhooks: { enabled: true, secret: { env: 'NO_SUCH_VARIABLE' } } },
      [],
      /NO_SUCH_VARIABLE is not set/,
    ],
    ['with an unknown key', { webhooks: { enable: true } }, [], /webhooks\.enable.*enabled/s],
    [
      'with a template that does not parse',
      hooks({ h: { messageTemplate: 'a\n{{/b}}' } }),
      [],
      /webhooks\.hooks\.h.*line 2, column 1/s,
    ],
    ['with a partial', hooks({ h: { messageTemplate: '{{> x}}' } }), [], /Partials/],
    [
      'with two hooks on one path',
      hooks({
        a: { messageTemplate: 'x', path: '/api/hooks/x' },
        b: { messageTemplate: 'x', path: '/api/hooks/X' },
      }),
      [],
      /also that of the hook/,
    ],
    [
      'with a hook in the place of wake',
      hooks({ a: { messageTemplate: 'x', path: '/api/hooks/wake' } }),
      [],
      /built-in/,
    ],
  ]
  for (const [name, document, args, said] of refusals)
    it(name, async () => {
      const home = await scratchHome()
      configure(home, document)
      const { code, stdout, stderr } = await cli(['serve', '--port', '0', ...args], { home })
      assert.equal(code, 1)
      assert.equal(stdout, '')
      assert.match(stderr, said)
      assert.ok(!/fifteen letters|your-webhook-secret/.test(stderr))
    })
})

describe('failed proofs at hooks', () => {
  it('are throttled after twenty a minute, and the good ones still come in', async () => {
    const home = await scratchHome()
    configure(home, hooks())
    const server = await serve(home)
    const wake = (shown: string) =>
      post(`${server.url}/api/hooks/wake`, { message: 'x' }, { authorization: `Bearer ${shown}` })
    const guesses = await Promise.all(Array.from({ length: 30 }, (_, i) => wake(`guess ${i}`)))
    const refused = guesses.filter(({ status }) => status === 429)
    const good = await wake(secret)
    await server.stop()
    assert.ok(refused.length >= 9 && refused.length <= 10, String(refused.length))
    assert.match(refused[0]?.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
    assert.equal(good.status, 202)
    assert.equal(await countDeliveries(home), 1)
  })
})

describe('knocks at one hook', () => {
  it('are limited to knocksPerMinute', async () => {
    const home = await scratchHome()
    configure(home, { ...hooks(named('chatty')), limits: { knocksPerMinute: 5 } })
    const server = await serve(home)
    const knocks = await Promise.all(
      Array.from({ length: 8 }, () => post(`${server.url}/api/hooks/chatty`, { text: 'x' })),
    )
    const other = await post(`${server.url}/api/hooks/wake`, { message: 'x' })
    await server.stop()
    assert.deepEqual(knocks.map(({ status }) => status).sort(), [202, 202, 202, 202, 202, 429, 429, 429])
    assert.equal(other.status, 202)
  })
})

describe('the commands for hooks', () => {
  let home: string
  const run = (...args: readonly string[]) => cli(args, { home })

  before(async () => {
    home = await scratchHome()
    configure(home, {
      $schema: './schema.json',
      ...hooks({
        github: {
          messageTemplate: 'Push to {{repository.name}}',
          skill: 'code-review',
          verify: 'github',
          secret: 'the secret of this hook alone',
        },
        picky: { messageTemplate: '{{x}}', filter: { path: 'x', exists: true }, active: false },
      }),
    })
  })

  it('hooks ls lists them, without secrets', async () => {
    const { code, stdout } = await run('hooks', 'ls')
    assert.equal(code, 0)
    assert.match(stdout, /github.*\/api\/hooks\/github.*yes.*agent.*github/)
    assert.match(stdout, /picky.*no/)
    const { stdout: json } = await run('hooks', 'ls', '--json')
    const listed = JSON.parse(json) as { name: string; verify: string }[]
    assert.deepEqual(
      listed.map(({ name, verify }) => [name, verify]),
      [
        ['github', 'github'],
        ['picky', 'bearer'],
      ],
    )
    for (const text of [stdout, json]) assert.ok(!text.includes('the secret of') && !text.includes(secret))
  })

  it('hooks test renders a payload from a file and from standard input, and delivers nothing', async () => {
    const file = join(home, 'push.json')
    await writeFile(file, '{"repository":{"name":"acme/billing <&>"}}')
    assert.deepEqual(await run('hooks', 'test', 'github', '--payload', file), {
      code: 0,
      stdout: 'Push to acme/billing <&>\n',
      stderr: '',
    })
    const piped = await cli(['hooks', 'test', 'github', '--payload', '-', '--json'], {
      home,
      input: '{"repository":{"name":"x"}}',
    })
    assert.deepEqual(JSON.parse(piped.stdout), {
      kind: 'message',
      message: 'Push to x',
      session: 'webhook-agent',
      skill: 'code-review',
    })
    assert.equal(await countDeliveries(home), 0)
  })

  it('hooks test takes the example of the preset where no payload is given', async () => {
    const before = await readFile(join(home, 'preferences', 'webhooks.json'), 'utf8')
    configure(home, hooks({ p: { preset: 'github' }, t: { preset: 'twilio', verify: 'bearer' } }))
    const push = await run('hooks', 'test', 'p')
    const other = await run('hooks', 'test', 'p', '--header', 'X-GitHub-Event:public')
    const star = await run('hooks', 'test', 'p', '--header', 'X-GitHub-Event:star')
    const misfit = await run('hooks', 'test', 'p', '--header', 'X-GitHub-Event:issues')
    const form = await run('hooks', 'test', 't')
    configure(home, before)
    assert.match(push.stdout, /^Push to acme\/billing \(main\) by alice:\n/)
    assert.match(other.stdout, /^GitHub: public in acme\/billing/)
    assert.match(star.stderr, /^Ignored: .* star, a star calls for nothing to be done\n$/)
    assert.equal(misfit.stderr, 'Warning: the payload does not fit this hook: it lacks issue\n')
    assert.match(form.stdout, /^Message from \+14158675309 to .*\nIs the shop open\?\n$/)
  })

  it('hooks test says what would be ignored, fail, or is not there', async () => {
    const ignored = await run('hooks', 'test', 'picky')
    assert.equal(ignored.code, 0)
    assert.match(ignored.stderr, /^Ignored: /)
    const blank = await cli(['hooks', 'test', 'picky', '--payload', '-'], { home, input: '{"x":""}' })
    assert.equal(blank.code, 1)
    assert.match(blank.stderr, /FAILED: .*blank/)
    assert.equal((await run('hooks', 'test', 'nothing')).code, 3)
  })

  it('check accepts what serve would, and refuses what it would not', async () => {
    const good = await run('check')
    assert.equal(good.code, 0, good.stderr)
    const before = await readFile(join(home, 'preferences', 'webhooks.json'), 'utf8')
    configure(home, hooks({ h: { messageTemplat: 'x' } }))
    const bad = await run('check')
    configure(home, before)
    assert.equal(bad.code, 1)
    assert.match(bad.stderr, /webhooks\.hooks\.h\.messageTemplat.*messageTemplate/s)
    assert.ok(!bad.stderr.includes(secret))
  })

  it('config schema prints the JSON Schema that editors want', async () => {
    const { code, stdout } = await run('config', 'schema')
    assert.equal(code, 0)
    const schema = JSON.parse(stdout) as {
      properties: { webhooks: { properties: object } }
      additionalProperties: boolean
    }
    assert.deepEqual(Object.keys(schema.properties.webhooks.properties), ['enabled', 'secret', 'hooks'])
    assert.equal(schema.additionalProperties, false)
  })
})

describe('commands beside a configuration that is not theirs to mend', () => {
  it('need none of the server’s secrets', async () => {
    const home = await scratchHome()
    const verify = { scheme: 'github', secret: { env: 'ONLY_THE_SERVER_HAS_IT' } }
    configure(home, hooks({ github: { preset: 'github', verify } }))
    for (const argv of [['expose', '--session', 'default'], ['ls'], ['deliveries', 'ls'], ['hooks', 'ls']]) {
      const { code, stderr } = await cli(argv, { home })
      assert.equal(code, 0, stderr)
    }
    const { code, stderr } = await cli(['check'], { home })
    assert.equal(code, 1)
    assert.match(stderr, /ONLY_THE_SERVER_HAS_IT is not set/)
  })

  it('revoke, list and end whatever stands in the file', async () => {
    const home = await scratchHome()
    const minted = await cli(['expose', '--session', 'default', '--json'], { home })
    configure(home, '{ "server": ')
    const { grantId } = JSON.parse(minted.stdout) as { grantId: string }
    for (const argv of [['ls'], ['deliveries', 'ls'], ['revoke', grantId], ['session', 'ls']]) {
      const { code, stderr } = await cli(argv, { home })
      assert.equal(code, 0, stderr)
    }
    assert.match((await cli(['ls', '--json'], { home })).stdout, /"revoked": true/)
    const { code, stderr } = await cli(['expose', '--session', 'default'], { home })
    assert.equal(code, 1)
    assert.match(stderr, /not valid JSON/)
  })
})
