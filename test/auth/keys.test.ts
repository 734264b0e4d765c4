import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { keyMarksIn, openKeys, replaceLostKeys, rotateKeys } from '../../src/auth/keys.ts'
import { createTokens } from '../../src/auth/tokens.ts'
import { Failure } from '../../src/domain/error.ts'
import type { Claims, GrantId } from '../../src/domain/grant.ts'
import type { SessionId } from '../../src/domain/session.ts'

const scratch = fs.mkdtempSync(`${tmpdir()}/postern-keys-`)
after(() => fs.rmSync(scratch, { recursive: true }))

let homes = 0
const freshDir = (): string => `${scratch}/${homes++}/keys`
const modeOf = (path: string): number => fs.statSync(path).mode & 0o777
const unusable = (text: RegExp) => (thrown: unknown) =>
  thrown instanceof Failure && thrown.code === 'key_unusable' && text.test(thrown.message)

const claims: Claims = {
  grant: '9f3c1a2b7d4e5f60' as GrantId,
  session: 'build' as SessionId,
  verb: 'send_input',
}

/** A clock that stands still until it is set. */
function clockAt(start: number) {
  let now = start
  return {
    now: () => now,
    advance: (ms: number) => {
      now += ms
    },
  }
}

test('openKeys creates a private directory and one key, whatever the umask', () => {
  for (const umask of [0, 0o777, 0o022]) {
    const dir = freshDir()
    fs.mkdirSync(dir.replace(/\/keys$/, ''))
    const before = process.umask(umask)
    try {
      openKeys(dir, Date)
    } finally {
      process.umask(before)
    }
    assert.deepEqual(fs.readdirSync(dir), ['0000000000000001.key'])
    assert.equal(modeOf(dir), 0o700)
    assert.equal(modeOf(`${dir}/0000000000000001.key`), 0o600)
    assert.match(fs.readFileSync(`${dir}/0000000000000001.key`, 'utf8'), /^[\w-]{43}\n$/)
  }
})

test('openKeys finds the same key again, and two homes have different ones', () => {
  const dir = freshDir()
  const first = openKeys(dir, Date).active()
  assert.deepEqual(openKeys(dir, Date).active(), first)
  assert.equal(first.secret.length, 32)
  assert.notDeepEqual(openKeys(freshDir(), Date).active().secret, first.secret)
})

test('openKeys agrees with every other process that starts at the same time', async () => {
  const dir = freshDir()
  fs.mkdirSync(dir.replace(/\/keys$/, ''))
  const rings = await Promise.all(
    Array.from({ length: 8 }, async () => {
      await Promise.resolve()
      return openKeys(dir, Date).active()
    }),
  )
  for (const ring of rings) assert.deepEqual(ring, rings[0])

  const other = freshDir()
  fs.mkdirSync(other.replace(/\/keys$/, ''))
  const source = new URL('../../src/auth/keys.ts', import.meta.url).href
  const script = `import { openKeys } from ${JSON.stringify(source)}
    import { openAdminToken } from ${JSON.stringify(source.replace('keys.ts', 'admin-token.ts'))}
    console.log(Buffer.from(openKeys(process.argv.at(-1), Date).active().secret).toString('hex') + openAdminToken(process.argv.at(-1)))`
  fs.writeFileSync(`${scratch}/open.ts`, script)
  const run = 'deno' in process.versions ? ['run', '-A', '--no-check'] : ['run']
  const shell = `for i in 1 2 3 4; do "$0" "$@" & done; wait`
  const output = execFileSync('sh', ['-c', shell, process.execPath, ...run, `${scratch}/open.ts`, other], {
    encoding: 'utf8',
  })
  const lines = output.trim().split('\n')
  assert.equal(lines.length, 4)
  assert.equal(new Set(lines).size, 1)
  assert.deepEqual(
    fs.readdirSync(other).filter((name) => name.endsWith('.tmp')),
    [],
  )
})

test('rotateKeys signs with a new key at once and lets the old one go after the grace', async () => {
  const dir = freshDir()
  const clock = clockAt(Date.now())
  const keys = openKeys(dir, clock)
  const tokens = createTokens({ keys })
  const old = await tokens.mint(claims)
  assert.deepEqual(await tokens.read(old), claims)

  const rotation = rotateKeys(dir, 3_600_000, clock.now())
  assert.equal(rotation.retireAt, clock.now() + 3_600_000)
  assert.equal(keys.active().kid, rotation.kid)
  const young = await tokens.mint(claims)
  assert.notEqual(young, old)

  clock.advance(3_599_999)
  assert.deepEqual(await tokens.read(old), claims)
  clock.advance(1)
  assert.equal(tokens.readCached(old), undefined)
  assert.equal(await tokens.read(old), undefined)
  assert.deepEqual(await tokens.read(young), claims)
})

test('openKeys knows a token of another process at once, signed by a key it never saw', async () => {
  const dir = freshDir()
  const clock = clockAt(Date.now())
  const server = createTokens({ keys: openKeys(dir, clock) })
  rotateKeys(dir, 3_600_000, clock.now())
  const token = await createTokens({ keys: openKeys(dir, clock) }).mint(claims)
  assert.deepEqual(await server.read(token), claims)
})

test('openKeys notices a rotation without grace within a quarter of a second', async () => {
  const dir = freshDir()
  const clock = clockAt(Date.now())
  const tokens = createTokens({ keys: openKeys(dir, clock) })
  const old = await tokens.mint(claims)
  assert.deepEqual(await tokens.read(old), claims)
  rotateKeys(dir, 0, clock.now())
  clock.advance(250)
  assert.equal(tokens.readCached(old), undefined)
  assert.equal(await tokens.read(old), undefined)
})

test('rotateKeys shortens a running grace, never prolongs it, and deletes what is past it', () => {
  const dir = freshDir()
  const clock = clockAt(1_800_000_000_000)
  const first = openKeys(dir, clock).active().kid
  const second = rotateKeys(dir, 10_000, clock.now()).kid
  rotateKeys(dir, 99_000, clock.now())
  const keys = openKeys(dir, clock)
  clock.advance(9_999)
  assert.ok(keys.find(first))
  assert.equal(openKeys(dir, { now: () => clock.now() + 1 }).find(first), undefined)
  assert.ok(openKeys(dir, { now: () => clock.now() + 1 }).find(second))
  rotateKeys(dir, 0, clock.now())
  assert.equal(openKeys(dir, clock).find(first), undefined)
  assert.equal(openKeys(dir, clock).find(second), undefined)
  const last = rotateKeys(dir, 5, clock.now()).kid
  const left = fs.readdirSync(dir).filter((name) => name.startsWith(first) || name.startsWith(second))
  assert.deepEqual(left, [])
  assert.equal(openKeys(dir, clock).active().kid, last)
})

test('rotateKeys makes the newest key even when the clock went back', () => {
  const dir = freshDir()
  openKeys(dir, Date)
  const kids = [2_000_000, 1_000_000, 0].map((now) => rotateKeys(dir, 60_000, now).kid)
  assert.deepEqual(kids, [...kids].sort())
  assert.equal(openKeys(dir, clockAt(0)).active().kid, kids.at(-1))
})

test('openKeys refuses keys that others can read and says how to mend it', () => {
  for (const mode of [0o640, 0o604, 0o660, 0o644, 0o610]) {
    const dir = freshDir()
    openKeys(dir, Date)
    fs.chmodSync(`${dir}/0000000000000001.key`, mode)
    const path = `${dir}/0000000000000001.key`
    assert.throws(() => openKeys(dir, Date), unusable(new RegExp(`chmod 600 '${path}'`)))
    fs.chmodSync(path, 0o600)
    fs.chmodSync(dir, 0o755)
    assert.throws(() => openKeys(dir, Date), unusable(new RegExp(`chmod 700 '${dir}'`)))
  }
})

test('openKeys refuses damaged keys and never overwrites them', () => {
  const good = 'A'.repeat(43)
  for (const text of [
    '',
    'x',
    `${good}A`,
    good.slice(1),
    `${good}=`,
    `${good.slice(1)}B`,
    `\u00e4${good.slice(1)}`,
  ]) {
    const dir = freshDir()
    openKeys(dir, Date)
    fs.writeFileSync(`${dir}/0000000000000001.key`, text)
    assert.throws(() => openKeys(dir, Date), unusable(/is damaged/))
    assert.equal(fs.readFileSync(`${dir}/0000000000000001.key`, 'utf8'), text)
  }
})

test('openKeys refuses a retirement without a time', () => {
  const dir = freshDir()
  openKeys(dir, Date)
  fs.writeFileSync(`${dir}/0000000000000001.retired`, 'soon', { mode: 0o600 })
  assert.throws(() => openKeys(dir, Date), unusable(/holds no time/))
})

test('openKeys refuses a directory that is a file', () => {
  const path = `${scratch}/file`
  fs.writeFileSync(path, '', { mode: 0o600 })
  assert.throws(() => openKeys(path, Date), unusable(/cannot be used/))
})

test('a running ring keeps what it knows while a file is damaged', () => {
  const dir = freshDir()
  const clock = clockAt(Date.now())
  const keys = openKeys(dir, clock)
  const { kid } = keys.active()
  fs.writeFileSync(`${dir}/00000000000000ff.key`, 'half', { mode: 0o600 })
  assert.ok(keys.find(kid))
  assert.equal(keys.find('00000000000000ff'), undefined)
  assert.throws(() => openKeys(dir, clock), unusable(/00000000000000ff.key is damaged/))
  assert.equal(keys.active().kid, kid)
  fs.rmSync(`${dir}/00000000000000ff.key`)
  assert.equal(keys.active().kid, kid)
})

test('a running ring lets go of deleted keys and says that there is none', () => {
  const dir = freshDir()
  const clock = clockAt(Date.now())
  const keys = openKeys(dir, clock)
  fs.rmSync(`${dir}/0000000000000001.key`)
  assert.throws(() => keys.active(), unusable(/no signing key/))
  assert.equal(keys.find('0000000000000001'), undefined)
})

test('keyMarksIn tells a key by a one-way mark, and when it ends', () => {
  const dir = freshDir()
  const secret = Buffer.from(openKeys(dir, Date).active().secret)
  const [first] = keyMarksIn(dir)
  assert.match(first?.fingerprint ?? '', /^[0-9a-f]{32}$/)
  assert.ok(!JSON.stringify(first).includes(secret.toString('hex').slice(0, 16)))
  rotateKeys(dir, 60_000, Date.now())
  const [older, newer] = keyMarksIn(dir)
  assert.equal(older?.fingerprint, first?.fingerprint)
  assert.ok(older?.retireAt !== undefined && newer?.retireAt === undefined)
  assert.notEqual(newer?.fingerprint, first?.fingerprint)
})

test('replaceLostKeys deletes nothing: what is no key of this home gets another name', () => {
  const dir = freshDir()
  openKeys(dir, Date)
  const known = keyMarksIn(dir)
  const path = `${dir}/0000000000000001.key`
  fs.writeFileSync(path, 'half a key', { mode: 0o600 })
  const made = replaceLostKeys(dir, known, 7)
  assert.deepEqual([made.kept, made.aside], [0, [`${path}.aside-7`]])
  assert.equal(fs.readFileSync(`${path}.aside-7`, 'utf8'), 'half a key')
  assert.deepEqual(
    keyMarksIn(dir).map(({ kid }) => kid),
    [made.kid],
  )
  const again = replaceLostKeys(dir, keyMarksIn(dir), 8)
  assert.deepEqual([again.kept, again.aside], [1, []])
})
