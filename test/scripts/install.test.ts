import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { version } from '../../src/version.ts'
import { binary } from '../support/binary.ts'

const script = resolve(import.meta.dirname, '../../scripts/install.sh')
const release = `postern-linux-${process.arch}`
/** Stands for the program: what counts here is whether it is run, and where it ends up. */
const program = '#!/bin/sh\n[ "$1" = version ] && echo "postern 9.9.9"\n'

/** What the script calls, but for what downloads and what computes checksums. */
const plain = ['uname', 'mkdir', 'mktemp', 'mv', 'rm', 'chmod', 'awk', 'cat', 'sh']

interface Place {
  readonly shell?: readonly string[]
  readonly home?: string
  readonly env?: Readonly<Record<string, string>>
}

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex')

describe('scripts/install.sh', { timeout: 60_000 }, () => {
  let folder: string
  let files: Map<string, Uint8Array>
  let cut: number | undefined
  let server: Server
  let base: string
  let count = 0

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-install-'))
    server = createServer((request, response) => {
      const body = files.get((request.url ?? '').slice('/0.1.0/'.length))
      response.statusCode = body ? 200 : 404
      response.setHeader('content-length', body?.length ?? 0)
      if (!body || cut === undefined || request.url?.endsWith('SHA256SUMS')) response.end(body)
      else response.write(body.subarray(0, cut), () => response.destroy())
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/0.1.0`
  })
  after(() => {
    server.close()
    server.closeAllConnections()
    rmSync(folder, { recursive: true, force: true })
  })

  function published(text: string | Uint8Array = program, sum = sha256(text)): void {
    files = new Map<string, Uint8Array>([
      [release, Buffer.from(text)],
      ['SHA256SUMS', Buffer.from(`${'0'.repeat(64)}  postern-other\n${sum}  ${release}\n`)],
    ])
    cut = undefined
  }

  /** A PATH of these programs only. */
  function pathOf(tools: readonly string[]): string {
    const path = join(folder, `path-${count++}`)
    mkdirSync(path)
    for (const tool of tools) {
      const found = Bun.which(tool)
      if (found) symlinkSync(found, join(path, tool))
    }
    return path
  }

  const scratchHome = (): string => mkdtempSync(join(folder, 'home-'))

  const install = (
    args: readonly string[],
    { shell = ['sh'], home = scratchHome(), env = {} }: Place = {},
  ): Promise<Ran> =>
    new Promise((done) => {
      const [command = 'sh', ...first] = shell
      const variables = { PATH: process.env.PATH ?? '', POSTERN_BASE_URL: base, HOME: home, ...env }
      execFile(command, [...first, script, ...args], { env: variables }, (error, stdout, stderr) =>
        done({ code: error ? Number(error.code) : 0, stdout, stderr }),
      )
    })

  /** Nothing is left in the folder, not even of what was downloaded. */
  const assertNothing = (home: string) =>
    assert.deepEqual(existsSync(join(home, '.local/bin')) ? readdirSync(join(home, '.local/bin')) : [], [])

  const shells: readonly (readonly string[])[] = [['sh'], ['dash'], ['bash', '--posix'], ['busybox', 'sh']]
  for (const shell of shells) {
    const missing = spawnSync(shell[0] ?? '', ['-c', 'true']).error !== undefined
    const skip = missing && process.env.CI !== 'true' && `${shell[0]} is not installed`
    it(`installs to ~/.local/bin under ${shell.join(' ')}, and says what comes next`, { skip }, async () => {
      published()
      const home = scratchHome()
      const { code, stdout, stderr } = await install([], { shell, home })
      assert.deepEqual([code, stderr], [0, ''])
      const file = join(home, '.local/bin/postern')
      assert.equal(readFileSync(file, 'utf8'), program)
      assert.match(stdout, new RegExp(`^Installed postern 9\\.9\\.9: ${file}\\n`))
      assert.match(stdout, new RegExp(`export PATH="${home}/\\.local/bin:\\$PATH"`))
      assert.match(stdout, /postern serve/)
      assert.deepEqual(readdirSync(join(home, '.local/bin')), ['postern'])
      assert.equal(spawnSync(file, ['version']).status, 0)
    })

    it(`refuses a wrong checksum under ${shell.join(' ')}, and runs nothing`, { skip }, async () => {
      const home = scratchHome()
      published(`#!/bin/sh\ntouch ${home}/ran\n`, 'f'.repeat(64))
      const { code, stderr } = await install([], { shell, home })
      assert.equal(code, 1)
      assert.match(stderr, /checksum of postern-linux-\w+ is wrong, nothing is installed/)
      assert.ok(!existsSync(join(home, 'ran')))
      assertNothing(home)
    })
  }

  it('replaces an older one in one step, with --prefix anywhere, and knows when PATH is right', async () => {
    published()
    const prefix = join(folder, 'else where')
    mkdirSync(join(prefix, 'bin'), { recursive: true })
    writeFileSync(join(prefix, 'bin/postern'), 'old')
    const { code, stdout } = await install(['--prefix', prefix], {
      env: { PATH: `${process.env.PATH}:${prefix}/bin` },
    })
    assert.equal(code, 0)
    assert.ok(!stdout.includes('export PATH'))
    assert.equal(readFileSync(join(prefix, 'bin/postern'), 'utf8'), program)
  })

  it('keeps the older one when anything goes wrong', async () => {
    published(program, 'f'.repeat(64))
    const prefix = mkdtempSync(join(folder, 'prefix-'))
    mkdirSync(join(prefix, 'bin'))
    writeFileSync(join(prefix, 'bin/postern'), 'old')
    assert.equal((await install([`--prefix=${prefix}`])).code, 1)
    assert.equal(readFileSync(join(prefix, 'bin/postern'), 'utf8'), 'old')
  })

  for (const downloads of ['curl', 'wget'])
    it(`refuses a download that was cut, by ${downloads}`, async () => {
      published()
      cut = 10
      const home = scratchHome()
      const { code, stderr } = await install([], {
        home,
        env: { PATH: pathOf([...plain, 'sha256sum', downloads]) },
      })
      assert.equal(code, 1)
      assert.match(stderr, /cannot download http:|checksum .* is wrong/)
      assertNothing(home)
    })

  const needs: readonly (readonly [without: string, tools: readonly string[], says: RegExp])[] = [
    ['curl and wget', [...plain, 'sha256sum'], /curl or wget is needed, and neither is installed/],
    [
      'a program for checksums',
      [...plain, 'curl'],
      /sha256sum, shasum or openssl is needed, and none is installed/,
    ],
    [
      'mktemp',
      [...plain.filter((tool) => tool !== 'mktemp'), 'curl', 'sha256sum'],
      /mktemp is needed and not installed/,
    ],
  ]
  for (const [without, tools, says] of needs)
    it(`says what is missing without ${without}`, async () => {
      published()
      const home = scratchHome()
      const { code, stderr } = await install([], { home, env: { PATH: pathOf(tools) } })
      assert.equal(code, 1)
      assert.match(stderr, says)
      assertNothing(home)
    })

  for (const [download, sums] of [
    ['wget', 'openssl'],
    ['curl', 'shasum'],
  ] as const)
    it(`manages with ${download} and ${sums}`, async () => {
      published()
      const { code, stderr } = await install([], { env: { PATH: pathOf([...plain, download, sums]) } })
      assert.deepEqual([code, stderr], [0, ''])
    })

  it('installs the program as it is built', async () => {
    published(readFileSync(binary()[0]))
    const home = scratchHome()
    const { code, stdout } = await install([], { home })
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`^Installed postern ${version}: `))
    const file = join(home, '.local/bin/postern')
    assert.equal(spawnSync(file, ['version'], { encoding: 'utf8' }).stdout.trim(), `postern ${version}`)
  })

  it('refuses what the release does not have', async () => {
    published()
    files.delete(release)
    assert.match((await install([])).stderr, new RegExp(`cannot download .*${release}`))
    files.set('SHA256SUMS', Buffer.from(''))
    files.set(release, Buffer.from(program))
    assert.match((await install([])).stderr, new RegExp(`does not list ${release}`))
    files.clear()
    assert.match((await install([])).stderr, /cannot download .*SHA256SUMS/)
  })

  it('refuses a program that does not run on this machine', async () => {
    published('#!/bin/sh\nexit 1\n')
    const home = scratchHome()
    const { code, stderr } = await install([], { home })
    assert.equal(code, 1)
    assert.match(stderr, /does not run on this machine/)
    assertNothing(home)
  })

  const noBusybox =
    spawnSync('busybox', ['true']).error !== undefined &&
    process.env.CI !== 'true' &&
    'busybox is not installed'
  it('manages with all that busybox has', { skip: noBusybox }, async () => {
    published()
    const path = pathOf([])
    for (const tool of [...plain, 'wget', 'sha256sum', 'busybox'])
      symlinkSync(Bun.which('busybox') ?? '', join(path, tool))
    const { code, stderr } = await install([], { shell: ['busybox', 'sh'], env: { PATH: path } })
    assert.deepEqual([code, stderr], [0, ''])
  })

  const machines = [
    ['Linux', 'riscv64', /no release for the processor riscv64/],
    ['FreeBSD', 'amd64', /no release for FreeBSD/],
    [
      'Darwin',
      'arm64',
      /SHA256SUMS of .* does not list postern-darwin-arm64|cannot download .*postern-darwin-arm64/,
    ],
  ] as const
  for (const [system, processor, says] of machines)
    it(`knows ${system} on ${processor}`, async () => {
      published()
      const path = pathOf([...plain.filter((tool) => tool !== 'uname'), 'curl', 'sha256sum'])
      writeFileSync(
        join(path, 'uname'),
        `#!/bin/sh\n[ "$1" = -m ] && echo ${processor} || echo ${system}\n`,
        { mode: 0o755 },
      )
      const { code, stderr } = await install([], { env: { PATH: path } })
      assert.equal(code, 1)
      assert.match(stderr, says)
    })

  it('wants an address, and knows its options', async () => {
    published()
    assert.match((await install([], { env: { POSTERN_BASE_URL: '' } })).stderr, /no address to download from/)
    assert.equal((await install(['--base-url', base], { env: { POSTERN_BASE_URL: '' } })).code, 0)
    const { code, stderr } = await install(['--prefx', '/nowhere'])
    assert.equal(code, 2)
    assert.match(stderr, /there is no option --prefx/)
    assert.match((await install(['--prefix'])).stderr, /--prefix needs a value/)
    assert.match((await install(['--help'])).stdout, /^usage:/)
  })

  it('does nothing when the script itself was cut', async () => {
    published()
    const text = readFileSync(script, 'utf8')
    const home = scratchHome()
    for (const part of [0.3, 0.6, 0.9, 0.99]) {
      const input = text.slice(0, Math.floor(text.length * part))
      spawnSync('sh', { input, env: { PATH: process.env.PATH ?? '', HOME: home, POSTERN_BASE_URL: base } })
    }
    assertNothing(home)
  })

  const noShellcheck =
    spawnSync('shellcheck', ['--version']).status !== 0 &&
    process.env.CI !== 'true' &&
    'shellcheck is not installed'
  it('is clean for shellcheck, as are the scripts of the package', { skip: noShellcheck }, () => {
    const packaging = resolve(import.meta.dirname, '../../scripts/release/debian')
    const others = readdirSync(packaging).map((name) => join(packaging, name))
    const { stdout, status } = spawnSync('shellcheck', ['--shell=sh', script, ...others], {
      encoding: 'utf8',
    })
    assert.equal(status, 0, stdout)
  })
})
