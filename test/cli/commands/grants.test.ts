import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { addSession, cli, createWorld, start, type World } from '../fake-io.ts'

const id = '0202020202020202'

/** One random draw is behind us, so that grants begin with 02. */
function world(): World {
  const fresh = createWorld()
  fresh.io.random(1)
  return fresh
}

describe('expose', () => {
  it('prints exactly the labels that scripts know', async () => {
    const { code, stdout, stderr } = await cli(world(), ['expose', '--session', 'build', '--ttl', '3600'])
    assert.equal(
      stdout,
      `Channel:  postern:/sessions/build\nGrant ID: ${id}\nWebhook:  https://host/hook/token-of-${id}\nExpires:  2026-11-22T11:00:00.250Z\n`,
    )
    assert.deepEqual([code, stderr], [0, ''])
  })

  const lifetimes: readonly (readonly [ttl: string[], expires: string | null])[] = [
    [[], '2026-12-22T10:00:00.250Z'],
    [['--ttl', '0'], '2026-12-22T10:00:00.250Z'],
    [['--ttl', '1'], '2026-11-22T10:00:01.250Z'],
    [['--ttl', '90m'], '2026-11-22T11:30:00.250Z'],
    [['--ttl', '2h'], '2026-11-22T12:00:00.250Z'],
    [['--ttl', '7d'], '2026-11-29T10:00:00.250Z'],
    [['--ttl', 'never'], null],
  ]
  for (const [ttl, expires] of lifetimes)
    it(`${ttl.join(' ') || 'without --ttl'} expires ${expires ?? 'never and prints -'}`, async () => {
      const { stdout } = await cli(world(), ['expose', '--session', 'build', '--json', ...ttl])
      assert.equal(JSON.parse(stdout).expires, expires)
      const plain = await cli(world(), ['expose', '--session', 'build', ...ttl])
      assert.match(plain.stdout, new RegExp(`^Expires:  ${expires ?? '-'}$`, 'm'))
    })

  it('prints one object with --json and stores the same', async () => {
    const at = world()
    const { stdout } = await cli(at, ['expose', '--session', 'build', '--label', 'ci', '--json'])
    assert.deepEqual(JSON.parse(stdout), {
      channel: 'postern:/sessions/build',
      grantId: id,
      webhook: `https://host/hook/token-of-${id}`,
      expires: '2026-12-22T10:00:00.250Z',
      session: 'build',
      hook: null,
      verb: 'send_input',
      label: 'ci',
      maxUses: null,
    })
    const [grant] = at.grants.values()
    assert.equal(grant?.createdAt, start)
    assert.ok(!JSON.stringify([...at.grants.values()]).includes('token-of'), 'the token is not stored')
  })

  const refused: readonly (readonly [session: string, code: number, said: RegExp])[] = [
    ['nobody', 3, /no session "nobody"/],
    ['over', 3, /"over" has ended/],
  ]
  for (const [session, code, message] of refused)
    it(`of the session "${session}" exits with ${code} and leaves no grant`, async () => {
      const at = world()
      addSession(at, 'over', { state: 'ended', endedAt: start })
      const ran = await cli(at, ['expose', '--session', session])
      assert.deepEqual([ran.code, ran.stdout, at.grants.size], [code, '', 0])
      assert.match(ran.stderr, message)
    })

  it('adds a curl line on a terminal, apart from the data', async () => {
    const terminal = { stdin: true, stdout: true, stderr: true, columns: 80, rows: 24 }
    const { stdout, stderr } = await cli(world(), ['expose', '--session', 'build'], { terminal })
    assert.equal(stdout.split('\n').length, 5)
    assert.match(stderr, /curl https:\/\/host\/hook\//)
  })
})

describe('ls', () => {
  it('shows newest first, with expired, revoked and hostile ones marked or escaped', async () => {
    const at = world()
    await cli(at, ['expose', '--session', 'build', '--ttl', '1', '--label', '\x1b[2Jgone\u202e'])
    await cli(at, ['expose', '--session', 'build', '--ttl', 'never', '--label', 'for good'])
    await cli(at, ['revoke', '0303'])
    at.now += 2000
    const { stdout } = await cli(at, ['ls'])
    const [heading, newest, oldest] = stdout.split('\n')
    assert.match(heading ?? '', /^ID +CHANNEL +VERBS +LABEL +REVOKED +EXPIRES +LAST USED +USES$/)
    assert.match(newest ?? '', /^0303.* for good +yes +- +- +0$/)
    assert.match(oldest ?? '', /^0202.* \\x1b\[2Jgone\\u202e +no +2026-11-22T10:00:01Z \(expired\) +- +0$/)
  })

  it('prints an array with --json', async () => {
    const at = world()
    await cli(at, ['expose', '--session', 'build', '--ttl', '1'])
    at.now += 1000
    assert.deepEqual(JSON.parse((await cli(at, ['ls', '--json'])).stdout), [
      {
        id,
        channel: 'postern:/sessions/build',
        session: 'build',
        hook: null,
        verbs: ['send_input'],
        label: null,
        revoked: false,
        revokedAt: null,
        expires: '2026-11-22T10:00:01.250Z',
        expired: true,
        lastUsed: null,
        uses: 0,
        maxUses: null,
        pausedAt: null,
        state: 'expired',
        createdAt: '2026-11-22T10:00:00.250Z',
      },
    ])
    assert.equal((await cli(world(), ['ls', '--json'])).stdout, '[]\n')
  })
})

describe('revoke', () => {
  const cases: readonly (readonly [prefix: string, code: number, said: RegExp])[] = [
    [id, 0, /^Revoked 0202020202020202 \(postern:\/sessions\/build\)\.$/m],
    ['0202', 0, /^Revoked/],
    ['020', 2, /the first 4/],
    ['', 2, /0-9 a-f/],
    ['zzzz', 2, /0-9 a-f/],
    ['0404', 3, /no grant "0404"/],
  ]
  for (const [prefix, code, message] of cases)
    it(`${prefix} exits with ${code}`, async () => {
      const at = world()
      await cli(at, ['expose', '--session', 'build'])
      const ran = await cli(at, ['revoke', prefix])
      assert.equal(ran.code, code)
      assert.match(ran.stderr, message)
      assert.equal([...at.grants.values()][0]?.revokedAt, code === 0 ? start : undefined)
    })

  it('refuses a beginning that two grants share, and counts them', async () => {
    const at = world()
    await cli(at, ['expose', '--session', 'build'])
    const [grant] = at.grants.values()
    assert.ok(grant)
    const twin = { ...grant, id: `0202ffffffffffff` as typeof grant.id }
    at.grants.set(twin.id, twin)
    const ran = await cli(at, ['revoke', '0202'])
    assert.equal(ran.code, 2)
    assert.match(ran.stderr, /2 grants begin with "0202"/)
    assert.ok([...at.grants.values()].every(({ revokedAt }) => revokedAt === undefined))
  })
})

describe('expose --qr', () => {
  const argv = ['expose', '--session', 'build', '--qr']
  const terminal = { stdin: true, stdout: true, stderr: true, columns: 80, rows: 40 }

  it('draws the URL below it, in colours that no theme changes', async () => {
    const { code, stdout } = await cli(createWorld(), argv, { terminal })
    const drawn = stdout.split('\n').filter((line) => line.startsWith('\x1b[38;5;231;48;5;16m'))
    assert.equal(code, 0)
    assert.match(stdout, /^Webhook: /m)
    assert.ok(drawn.length >= 12, stdout)
    for (const line of drawn) assert.match(line.replace(/\x1b\[[\d;]*m/g, ''), /^[█▀▄ ]+$/)
    const plain = await cli(createWorld(), argv, { terminal, env: { NO_COLOR: '1' } })
    assert.match(plain.stdout, /█/)
    assert.doesNotMatch(plain.stdout, /\x1b/)
  })

  it('says where a terminal is too narrow, and mints nothing where there is none', async () => {
    const narrow = await cli(createWorld(), argv, { terminal: { ...terminal, columns: 20 } })
    assert.match(narrow.stderr, /needs \d+ columns; this terminal has 20/)
    for (const [more, facts] of [
      [[], {}],
      [['--json'], { terminal }],
      [['--quiet'], { terminal }],
    ] as const) {
      const world = createWorld()
      assert.equal((await cli(world, [...argv, ...more], facts)).code, 2)
      assert.equal(world.grants.size, 0)
    }
  })
})
