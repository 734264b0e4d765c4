import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { cli, scratchHome, serve } from '../support/binary.ts'

const isRoot = process.geteuid?.() === 0
const isDeno = process.env.POSTERN_TEST_RUNTIME === 'deno'
const stranger = 65534
const secret = 'not ours\n'

/** A home that was served, and a file elsewhere whose mode and bytes must stay. */
async function usedHome(): Promise<{ home: string; target: string }> {
  const home = await scratchHome()
  assert.equal((await cli(['expose', '--session', 'default', '--quiet'], { home })).code, 0)
  await (await serve(home)).stop()
  const target = join(dirname(home), 'target')
  writeFileSync(target, secret, { mode: 0o644 })
  return { home, target }
}

interface Plant {
  readonly title: string
  readonly plant: (home: string, target: string) => void
  readonly says: RegExp
  /** Only root can make it so. */
  readonly asRoot?: true
}

const inPlaceOf = (home: string, name: string): string => {
  rmSync(join(home, name), { recursive: true, force: true })
  return join(home, name)
}

const files = [
  'postern.db',
  'postern.db-wal',
  'postern.db-shm',
  'keys/0000000000000001.key',
  'keys/admin.token',
  'keys/mark',
  'keys/revoked',
  'run/server.lock',
  'run/server.json',
  'run/logins.json',
  'run/default.hooks',
]

const plants: readonly Plant[] = [
  ...files.map((name) => ({
    title: `a link in place of ${name}`,
    plant: (home: string, target: string) => symlinkSync(target, inPlaceOf(home, name)),
    says: new RegExp(`${name.replaceAll('.', '\\.')} is a link where a file of Postern belongs`),
  })),
  {
    title: 'a link that leads nowhere',
    plant: (home, target) => symlinkSync(`${target}-new`, inPlaceOf(home, 'postern.db-wal')),
    says: /postern\.db-wal is a link/,
  },
  ...['keys', 'run'].map((name) => ({
    title: `a link in place of ${name}/`,
    plant: (home: string, target: string) => {
      mkdirSync(`${target}-folder`, { mode: 0o755 })
      symlinkSync(`${target}-folder`, inPlaceOf(home, name))
    },
    says: new RegExp(`${name} is no folder`),
  })),
  ...['postern.db', 'keys/admin.token', 'run/server.json'].map((name) => ({
    title: `a hard link in place of ${name}`,
    plant: (home: string, target: string) => linkSync(target, inPlaceOf(home, name)),
    says: /has another name elsewhere \(a hard link\)/,
  })),
  {
    title: 'a pipe in place of run/server.json',
    plant: (home) => spawnSync('mkfifo', [inPlaceOf(home, 'run/server.json')]),
    says: /server\.json is a pipe/,
  },
  {
    title: 'a pipe in place of the configuration, which would never be read to its end',
    plant: (home) => spawnSync('mkfifo', [inPlaceOf(home, 'preferences/webhooks.json')]),
    says: /webhooks\.json is a pipe where the configuration belongs/,
  },
  ...['mark', 'revoked', 'admin.token'].map((name) => ({
    title: `a folder in place of keys/${name}`,
    plant: (home: string) => mkdirSync(inPlaceOf(home, `keys/${name}`)),
    says: new RegExp(`${name.replace('.', '\\.')} is a folder where a file of Postern belongs`),
  })),
  {
    title: 'a device in place of keys/mark',
    plant: (home) => spawnSync('mknod', [inPlaceOf(home, 'keys/mark'), 'c', '1', '3']),
    says: /mark is a device/,
    asRoot: true,
  },
  {
    title: 'a home that others may write',
    plant: (home) => chmodSync(home, 0o777),
    says: /can be written by others.*chmod go-w/,
  },
  {
    title: 'a home that its group may write',
    plant: (home) => chmodSync(home, 0o770),
    says: /can be written by others.*chmod go-w/,
  },
  {
    title: 'keys that others may write',
    plant: (home) => chmodSync(join(home, 'keys'), 0o777),
    says: /keys can be written by others/,
  },
  {
    title: 'a database that others may write',
    plant: (home) => chmodSync(join(home, 'postern.db'), 0o666),
    says: /postern\.db can be written by others/,
  },
  {
    title: "another user's key",
    plant: (home) => chownSync(join(home, 'keys/admin.token'), stranger, stranger),
    says: /admin\.token belongs to another user/,
    asRoot: true,
  },
  {
    title: "another user's configuration",
    plant: (home) => {
      writeFileSync(join(home, 'preferences/webhooks.json'), '{}')
      chownSync(join(home, 'preferences/webhooks.json'), stranger, stranger)
    },
    says: /webhooks\.json belongs to another user/,
    asRoot: true,
  },
]

describe('a home in which something was planted is refused, and nothing is followed', () => {
  for (const { title, plant, says, asRoot } of isDeno ? plants.slice(0, 3) : plants)
    it(title, { timeout: 60_000, skip: asRoot && !isRoot ? 'only root can make that' : false }, async () => {
      const { home, target } = await usedHome()
      plant(home, target)
      const folder = existsSync(`${target}-folder`) ? statSync(`${target}-folder`).mode : undefined
      for (const command of [['serve', '--port', '0'], ['ls'], ['check'], ['doctor']]) {
        const { code, stdout, stderr } = await cli(command, { home })
        assert.equal(code, 1, `${command}: ${stdout}${stderr}`)
        assert.match((stdout + stderr).replaceAll(/\s+/g, ' '), says)
      }
      assert.equal(readFileSync(target, 'utf8'), secret)
      assert.equal(statSync(target).mode & 0o777, 0o644)
      assert.equal(existsSync(`${target}-new`), false)
      if (folder !== undefined)
        assert.deepEqual([statSync(`${target}-folder`).mode, readdirSync(`${target}-folder`)], [folder, []])
    })
})

describe('a home whose parts lie elsewhere, by its user', () => {
  it('is served through a link, with a configuration that is a link', { timeout: 60_000 }, async () => {
    const { home, target } = await usedHome()
    const there = `${home}-link`
    symlinkSync(home, there)
    const config = `${target}.json`
    writeFileSync(config, JSON.stringify({ webhooks: { enabled: false } }))
    symlinkSync(config, join(home, 'preferences/webhooks.json'))
    const server = await serve(there)
    assert.equal(await server.stop(), 0)
    assert.equal((await cli(['check'], { home: there })).code, 0)
    assert.equal(lstatSync(join(home, 'preferences/webhooks.json')).isSymbolicLink(), true)
  })

  it("is refused through another user's link", {
    timeout: 60_000,
    skip: isRoot ? false : 'only root can make that',
  }, async () => {
    const { home } = await usedHome()
    const there = `${home}-link`
    symlinkSync(home, there)
    spawnSync('chown', ['-h', `${stranger}`, there])
    const { code, stderr } = await cli(['ls'], { home: there })
    assert.equal(code, 1)
    assert.match(stderr, /is a link that belongs to the user 65534/)
  })
})

describe("root in another user's home", () => {
  const skip = isRoot ? false : 'only root can become another user'

  /** A home of the other user's, in a folder that user may reach. */
  async function homeOfAnother(): Promise<string> {
    const home = await scratchHome()
    chmodSync(dirname(home), 0o755)
    mkdirSync(home, { mode: 0o700 })
    chownSync(home, stranger, stranger)
    return home
  }

  const ownersIn = (home: string): readonly number[] => [
    ...new Set(
      [home, ...readdirSync(home, { recursive: true, encoding: 'utf8' }).map((name) => join(home, name))].map(
        (path) => lstatSync(path).uid,
      ),
    ),
  ]

  it('becomes that user, and leaves no file of its own', { timeout: 60_000, skip }, async () => {
    const home = await homeOfAnother()
    if (isDeno) {
      const { code, stderr } = await cli(['expose', '--session', 'default'], { home })
      assert.equal(code, 1)
      assert.match(stderr, /belongs to the user 65534\. Run this command as that user/)
      assert.deepEqual(readdirSync(home), [])
      return
    }
    for (const command of [
      ['expose', '--session', 'default', '--quiet'],
      ['doctor'],
      ['check'],
      ['keys', 'rotate'],
    ])
      assert.ok((await cli(command, { home })).code <= 1)
    const server = await serve(home)
    const status = readFileSync(`/proc/${server.pid}/status`, 'utf8')
    assert.match(status, /^Uid:\t65534\t65534\t65534\t65534$/m)
    assert.match(status, /^Gid:\t65534\t65534\t65534\t65534$/m)
    assert.match(status, /^Groups:\t65534 ?$/m)
    assert.equal((await cli(['expose', '--session', 'default', '--quiet'], { home })).code, 0)
    assert.equal(await server.stop(), 0)
    assert.deepEqual(ownersIn(home), [stranger])
  })

  if (!isDeno)
    it('gives that user what version 0.1.0 left as root’s, and nothing that may be another file', {
      timeout: 60_000,
      skip,
    }, async () => {
      const home = await homeOfAnother()
      assert.equal((await cli(['keys', 'rotate', '--grace', '1h'], { home })).code, 0)
      const target = `${home}-target`
      writeFileSync(target, secret, { mode: 0o600 })
      const run = join(home, 'run')
      const [key = ''] = readdirSync(join(home, 'keys')).filter((name) => name.endsWith('.key'))
      for (const name of [`keys/${key}`, 'postern.db']) chownSync(join(home, name), 0, 0)
      writeFileSync(join(run, 'term.hooks'), '{"generation":"a","habit":"silent"}\n', { mode: 0o600 })
      writeFileSync(join(run, 'pty-term-a.json'), '{}', { mode: 0o600 })
      const moved = ['run/moved.hooks', 'keys/0123456789abcdef.key', 'run/moved.lock']
      for (const name of moved) writeFileSync(join(home, name), `{"auths":"${secret}"}`, { mode: 0o600 })
      writeFileSync(join(run, 'mine.txt'), 'of the operator', { mode: 0o600 })
      linkSync(target, join(run, 'linked.hooks'))
      symlinkSync(target, join(run, 'planted.json'))
      const socket = createServer().listen(join(run, 'terminal.sock'))
      await once(socket, 'listening')
      const ran = await cli(['config', 'schema'], { home })
      assert.equal(ran.code, 0)
      const ownerOf = (name: string) => lstatSync(join(home, name), { throwIfNoEntry: false })?.uid
      for (const name of [`keys/${key}`, 'postern.db', 'run/term.hooks']) {
        assert.equal(ownerOf(name), stranger, name)
        assert.ok(ran.stderr.includes(`${home}/${name} was root's`), ran.stderr)
      }
      for (const name of ['terminal.sock', 'pty-term-a.json']) assert.equal(ownerOf(`run/${name}`), undefined)
      for (const name of ['run/linked.hooks', 'run/planted.json', 'run/mine.txt', ...moved])
        assert.equal(ownerOf(name), 0)
      assert.deepEqual([lstatSync(target).uid, lstatSync(target).mode & 0o777], [0, 0o600])
      socket.close()
      for (const name of ['linked.hooks', 'planted.json', 'mine.txt']) rmSync(join(run, name))
      for (const name of moved) rmSync(join(home, name))
      assert.equal((await cli(['ls'], { home })).code, 0)
      assert.deepEqual(ownersIn(home), [stranger])
    })

  it('follows no link which that user planted', { timeout: 60_000, skip }, async () => {
    const home = await homeOfAnother()
    const target = `${home}-target`
    copyFileSync('/etc/hostname', target)
    chmodSync(target, 0o640)
    symlinkSync(target, join(home, 'postern.db'))
    const { code } = await cli(['ls'], { home })
    assert.equal(code, 1)
    assert.equal(statSync(target).mode & 0o777, 0o640)
    assert.deepEqual(readdirSync(home), ['postern.db'])
  })

  // The binary alone is where another user can reach it.
  if (!isDeno)
    it('is not asked where another user comes: a home that is not theirs is refused', {
      timeout: 60_000,
      skip,
    }, async () => {
      const { home } = await usedHome()
      chmodSync(dirname(home), 0o755)
      chmodSync(home, 0o755)
      // Where the other user can reach it.
      const program = join(dirname(home), 'postern')
      copyFileSync(join(import.meta.dirname, '../../dist/postern'), program)
      const ran = spawnSync(
        'setpriv',
        ['--reuid=65534', '--regid=65534', '--clear-groups', program, 'ls', '--home', home],
        { encoding: 'utf8', cwd: '/' },
      )
      assert.equal(ran.status, 1, ran.stdout)
      assert.match(ran.stderr, /belongs to another user \(0\)/)
    })
})
