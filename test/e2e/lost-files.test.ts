import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  copyFile,
  cp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { adminOf } from '../support/admin-api.ts'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { asked, type Shown } from '../support/hooks.ts'
import { rounds } from '../support/long.ts'

const send = (url: string, message: string) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=0' },
    body: JSON.stringify({ message }),
  })

/** A home in use: a URL, a backup, two messages since; its server was killed. */
async function usedHome(): Promise<{ home: string; backup: string; path: string }> {
  const home = await scratchHome()
  const backup = `${home}-backup.db`
  // Once to its end, so that the database has something beside its log.
  await (await serve(home)).stop()
  const server = await serve(home)
  const { path } = await adminOf(home, () => server).mint({ session: 'default' })
  assert.equal((await send(`${server.url}${path}`, 'before the backup')).status, 202)
  assert.equal((await cli(['backup', backup], { home })).code, 0)
  for (const message of ['after it', 'and again'])
    assert.equal((await send(`${server.url}${path}`, message)).status, 202)
  await server.kill9()
  return { home, backup, path }
}

const inHome = (home: string, name: string) => join(home, name)
const wal = (home: string) => inHome(home, 'postern.db-wal')

/** Overwrites bytes of a file in place. */
async function overwrite(file: string, at: number, bytes: Uint8Array): Promise<void> {
  const opened = await open(file, 'r+')
  await opened.write(bytes, 0, bytes.length, at)
  await opened.close()
}

const frameBytes = 4096 + 24
const frameAt = (n: number): number => 32 + n * frameBytes

interface Harm {
  readonly title: string
  readonly harm: (home: string) => Promise<void>
  readonly says: RegExp
  /** Other ways out than a backup. */
  readonly ways: readonly (readonly string[])[]
  /** What is served after those, newest first; a URL minted before is open when it is there. */
  readonly keeps?: 'some' | 'nothing'
}

const acceptLoss = ['restore', '--accept-loss']

const harms: readonly Harm[] = [
  {
    title: 'a database that was removed',
    harm: async (home) => {
      for (const part of ['', '-wal', '-shm']) await rm(inHome(home, `postern.db${part}`))
    },
    says: /postern\.db is gone, while the keys/,
    ways: [acceptLoss],
    keeps: 'nothing',
  },
  {
    title: 'a database that was removed from beside its log',
    harm: (home) => rm(inHome(home, 'postern.db')),
    says: /postern\.db is gone, while the keys/,
    ways: [acceptLoss],
    keeps: 'nothing',
  },
  {
    title: 'a database of zero length',
    harm: (home) => truncate(inHome(home, 'postern.db')),
    says: /postern\.db is empty, while the keys/,
    ways: [acceptLoss],
    keeps: 'nothing',
  },
  {
    title: 'a database that is damaged',
    harm: async (home) => {
      const { size } = await stat(inHome(home, 'postern.db'))
      await overwrite(inHome(home, 'postern.db'), 4096, Buffer.alloc(size - 4096, 'x'))
    },
    says: /damaged/,
    ways: [],
  },
  {
    title: 'a database that is cut short',
    harm: async (home) =>
      truncate(inHome(home, 'postern.db'), (await stat(inHome(home, 'postern.db'))).size / 2),
    says: /damaged/,
    ways: [],
  },
  { title: 'a log that is gone', harm: (home) => rm(wal(home)), says: /-wal\) is gone/, ways: [acceptLoss] },
  {
    title: 'a log that is gone with its index',
    harm: async (home) => {
      await rm(wal(home))
      await rm(inHome(home, 'postern.db-shm'))
    },
    says: /-wal\) is gone/,
    ways: [acceptLoss],
  },
  {
    title: 'a log that is empty',
    harm: (home) => truncate(wal(home)),
    says: /-wal\) is gone/,
    ways: [acceptLoss],
  },
  {
    title: 'a log whose header is cut',
    harm: (home) => truncate(wal(home), 17),
    says: /-wal\) is cut/,
    ways: [acceptLoss],
  },
  {
    title: 'a log whose last byte is cut',
    harm: async (home) => truncate(wal(home), (await stat(wal(home))).size - 1),
    says: /-wal\) is cut.*newest transaction|newest transaction.*-wal\) is cut/,
    ways: [acceptLoss],
    keeps: 'some',
  },
  {
    title: 'a log with a frame of zeros in its middle',
    harm: async (home) => {
      const frames = Math.floor(((await stat(wal(home))).size - 32) / frameBytes)
      await overwrite(wal(home), frameAt(frames - 6), Buffer.alloc(frameBytes))
    },
    says: /-wal\) is cut or damaged/,
    ways: [acceptLoss],
    keeps: 'some',
  },
  {
    title: 'signing keys that are gone',
    harm: (home) => rm(inHome(home, 'keys/0000000000000001.key')),
    says: /0000000000000001\.key is gone from .*keys, and there are URLs/,
    ways: [['keys', 'new']],
  },
  {
    title: 'a signing key that is damaged',
    harm: (home) => writeFile(inHome(home, 'keys/0000000000000001.key'), 'no key\n'),
    says: /0000000000000001\.key is damaged/,
    ways: [['keys', 'new']],
  },
  {
    title: "another home's signing key",
    harm: async (home) => {
      const other = await usedHome()
      await copyFile(
        inHome(other.home, 'keys/0000000000000001.key'),
        inHome(home, 'keys/0000000000000001.key'),
      )
    },
    says: /0000000000000001\.key is another key than the one/,
    ways: [
      ['keys', 'new'],
      ['keys', 'adopt'],
    ],
  },
  {
    title: "another home's keys, all of them",
    harm: async (home) => {
      const other = await usedHome()
      await rm(inHome(home, 'keys'), { recursive: true })
      await cp(inHome(other.home, 'keys'), inHome(home, 'keys'), { recursive: true })
    },
    says: /belong to different homes/,
    ways: [['keys', 'adopt']],
  },
  {
    title: "another home's database",
    harm: async (home) => {
      const other = await usedHome()
      for (const part of ['', '-wal', '-shm'])
        await copyFile(inHome(other.home, `postern.db${part}`), inHome(home, `postern.db${part}`))
    },
    says: /belong to different homes/,
    ways: [['keys', 'adopt']],
  },
]

const isDeno = process.env.POSTERN_TEST_RUNTIME === 'deno'

/** Deno starts slowly: there one of each kind of file stands for the others, whose rules the store's own tests have tried. */
const isTried = ({ title }: Harm): boolean =>
  !isDeno ||
  ['a database of zero length', 'a log whose last byte is cut', 'signing keys that are gone'].includes(title)

describe('a home that lost something does not start, and says what to do', () => {
  for (const { title, harm, says, ways, keeps } of harms.filter(isTried))
    it(title, { timeout: 120_000 }, async () => {
      const { home, backup, path } = await usedHome()
      await harm(home)
      const before = await namesIn(home)
      const bytes = await bytesIn(home)
      for (const command of [['serve', '--port', '0'], ['check'], ['doctor']]) {
        const { code, stdout, stderr } = await cli(command, { home })
        assert.equal(code, 1, `${command} has gone on: ${stdout}${stderr}`)
        assert.match(oneLine(stdout + stderr), says, command.join(' '))
        assert.match(oneLine(stdout + stderr), /postern (restore|keys)/)
      }
      const minted = await cli(['expose', '--session', 'default'], { home })
      assert.equal(minted.code, 1, minted.stdout)
      assert.deepEqual(
        (await namesIn(home)).filter((name) => name.endsWith('.key') && !before.includes(name)),
        [],
      )
      const ofKeys = ways.some(([first]) => first === 'keys') && !/different/.test(says.source)
      if (!ofKeys) assert.deepEqual(await bytesIn(home), bytes)
      for (const way of [...ways, ...(ofKeys ? [] : [['restore', backup]])]) {
        // A copy is no place where a backup's grants are believed: the backup comes last, at home.
        const copy = way.includes(backup) ? home : `${home}-${way.join('')}`
        if (copy !== home) await cp(home, copy, { recursive: true })
        const out = await cli(way, { home: copy })
        assert.equal(out.code, 0, `${way}: ${out.stderr}`)
        const server = await serve(copy)
        const fresh = await adminOf(copy, () => server).mint({ session: 'default' })
        assert.equal((await send(server.url + fresh.path, 'again')).status, 202)
        if (way[0] === 'keys')
          assert.equal(
            (await openGrants(copy, server)).length,
            1,
            'a URL that no key here has signed looks open',
          )
        const messages = await messagesIn(copy, server)
        if (way.includes(backup)) assert.deepEqual(messages, ['again', 'before the backup'])
        else if (keeps === 'nothing') assert.deepEqual(messages, ['again'])
        else if (keeps === 'some') assert.ok(messages.includes('before the backup'), messages.join())
        if (way.includes(backup) && !/different/.test(says.source))
          assert.equal((await send(`${server.url}${path}`, 'by the old URL')).status, 202)
        assert.equal(await server.stop(), 0)
        const { code, stdout } = await cli(['check'], { home: copy })
        assert.equal(code, 0, stdout)
      }
    })
})

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ')

/** The database and its log, as far as they are there: to refuse is to leave them alone. */
const bytesIn = (home: string) =>
  Promise.all(
    ['postern.db', 'postern.db-wal'].map((name) =>
      readFile(inHome(home, name)).then(
        (bytes) => bytes.length > 0 && createHash('sha256').update(bytes).digest('hex'),
        () => false,
      ),
    ),
  )

const namesIn = (home: string) => readdir(home, { recursive: true })

async function openGrants(home: string, server: Served): Promise<readonly unknown[]> {
  const grants = await asked<readonly { readonly revokedAt: string | null }[]>(home, server, 'grants')
  return grants.filter(({ revokedAt }) => revokedAt === null)
}

/** By a program where no server runs. */
async function messagesIn(home: string, server?: Served): Promise<readonly string[]> {
  const all = server
    ? await asked<readonly Shown[]>(home, server, 'deliveries')
    : (JSON.parse((await cli(['deliveries', 'ls', '--json'], { home })).stdout) as readonly Shown[])
  return all.map(({ message }) => message)
}

describe('a server whose files are removed under it', () => {
  for (const name of ['postern.db', 'postern.db-wal'])
    it(`acknowledges nothing without ${name}, and goes on when it is back`, { timeout: 60_000 }, async () => {
      const { home, path } = await usedHome()
      const server = await serve(home)
      const url = `${server.url}${path}`
      assert.equal((await send(url, 'one')).status, 202)
      await rename(inHome(home, name), inHome(home, 'elsewhere'))
      const refused = await send(url, 'two')
      assert.equal(refused.status, 503)
      assert.ok(Number(refused.headers.get('retry-after')) >= 1)
      assert.match(await refused.text(), /removed or replaced while it was open/)
      assert.equal((await send(url, 'three')).status, 503)
      assert.equal((await fetch(`${server.url}/readyz`)).status, 503)
      await rename(inHome(home, 'elsewhere'), inHome(home, name))
      assert.equal((await send(url, 'four')).status, 202)
      assert.equal(await server.stop(), 0)
      assert.deepEqual((await messagesIn(home)).slice(0, 2), ['four', 'one'])
      assert.equal((await cli(['check'], { home })).code, 0)
    })
})

/** Before this nothing has happened yet but that a program started. */
const earliestMs = isDeno ? 300 : 10

describe('a backup that is killed', () => {
  it('has its name only when it is whole', { timeout: 120_000 }, async () => {
    const { home } = await usedHome()
    for (let round = 0; round < rounds(isDeno ? 3 : 10, 200); round++) {
      const file = `${home}-killed-${round}.db`
      const ended = await cli(['backup', file], { home, timeoutMs: earliestMs + ((round * 13) % 90) })
      const isThere = await stat(file).then(
        () => true,
        () => false,
      )
      assert.ok(isThere || ended.code !== 0)
      if (!isThere) continue
      const fresh = await scratchHome()
      assert.equal((await cli(['restore', file], { home: fresh })).code, 0)
      assert.deepEqual(await messagesIn(fresh), ['and again', 'after it', 'before the backup'])
    }
  })
})

describe('a home that lost nothing starts', () => {
  const harmless: readonly [string, (home: string) => Promise<string>][] = [
    ['after a kill -9', async (home) => home],
    [
      'without the index of its log',
      async (home) => {
        await rm(inHome(home, 'postern.db-shm'))
        return home
      },
    ],
    [
      'as a copy of the whole',
      async (home) => {
        await cp(home, `${home}-copy`, { recursive: true })
        return `${home}-copy`
      },
    ],
    [
      'moved',
      async (home) => {
        await rename(home, `${home}-moved`)
        return `${home}-moved`
      },
    ],
    [
      'without what was noted beside its keys',
      async (home) => {
        await rm(inHome(home, 'keys/mark'))
        return home
      },
    ],
  ]
  for (const [title, change] of isDeno ? harmless.slice(0, 2) : harmless)
    it(title, { timeout: 60_000 }, async () => {
      const used = await usedHome()
      const home = await change(used.home)
      for (const count of [4, 5]) {
        const server = await serve(home)
        assert.equal((await send(`${server.url}${used.path}`, 'on and on')).status, 202)
        assert.equal((await messagesIn(home, server)).length, count)
        assert.equal(await server.stop(), 0)
      }
      assert.equal((await cli(['check'], { home })).code, 0)
    })

  it('with a backup put in its place by hand, and in a new home', { timeout: 60_000 }, async () => {
    const { home, backup, path } = await usedHome()
    for (const part of ['-wal', '-shm']) await rm(inHome(home, `postern.db${part}`))
    await copyFile(backup, inHome(home, 'postern.db'))
    const server = await serve(home)
    assert.equal((await send(`${server.url}${path}`, 'on')).status, 202)
    assert.equal(await server.stop(), 0)
    const fresh = await scratchHome()
    assert.equal((await cli(['restore', backup], { home: fresh })).code, 0)
    const second = await serve(fresh)
    assert.equal((await send(`${second.url}${path}`, 'a stranger here')).status, 403)
    assert.equal(await second.stop(), 0)
  })

  it('and commands that need no key work without it', { timeout: 60_000 }, async () => {
    const { home, backup } = await usedHome()
    await rm(inHome(home, 'keys/0000000000000001.key'))
    for (const command of [['ls'], ['deliveries', 'ls'], ['backup', `${backup}-2`], ['session', 'ls']])
      assert.equal((await cli(command, { home })).code, 0, command.join(' '))
    assert.match(await readFile(inHome(home, 'keys/mark'), 'utf8'), /^[0-9a-f]{32} \d{16}\n$/)
  })
})
