import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { binary } from '../support/binary.ts'
import { copyPackages } from '../support/packages.ts'

const root = resolve(import.meta.dirname, '../..')
let folder: string

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-build-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

test('build gives the same bytes in two folders, and none of their paths', { timeout: 120_000 }, () => {
  const one = builtIn('one', root)
  const two = builtIn('another/and/deeper', join(folder, 'one'))
  assert.equal(hash(one), hash(two))
  assert.equal(one.includes(folder), false)
})

test('build refuses a target that it does not know', () => {
  const { status, stderr } = script('scripts/build.ts', ['--target', 'amiga'], root)
  assert.equal(status, 1)
  assert.match(stderr, /no target amiga/)
})

test('the binary obeys no file of the directory where it is started', () => {
  const cwd = join(folder, 'hostile')
  mkdirSync(cwd)
  const mark = join(folder, 'mark')
  writeFileSync(join(cwd, 'preload.ts'), `require('node:fs').writeFileSync(${JSON.stringify(mark)}, 'x')`)
  writeFileSync(join(cwd, 'bunfig.toml'), 'preload = ["./preload.ts"]')
  writeFileSync(
    join(cwd, '.env'),
    `POSTERN_HOME=${join(folder, 'stolen')}\nBUN_OPTIONS=--preload=./preload.ts`,
  )
  writeFileSync(join(cwd, 'tsconfig.json'), '{ broken')
  writeFileSync(join(cwd, 'package.json'), '{ broken')
  const [command, ...args] = binary()
  const { status, stdout } = spawnSync(command, [...args, 'ls', '--json'], {
    cwd,
    env: { PATH: process.env.PATH, HOME: folder, POSTERN_HOME: join(folder, 'home') },
    encoding: 'utf8',
  })
  assert.equal(status, 0)
  assert.deepEqual(JSON.parse(stdout), [])
  assert.throws(() => readFileSync(mark), { code: 'ENOENT' })
  assert.throws(() => readFileSync(join(folder, 'stolen', 'postern.db')), { code: 'ENOENT' })
})

test('the binary takes no home from a .env file', () => {
  const cwd = join(folder, 'env')
  mkdirSync(cwd)
  writeFileSync(join(cwd, '.env'), `POSTERN_HOME=${join(folder, 'elsewhere')}`)
  const [command, ...args] = binary()
  const { status } = spawnSync(command, [...args, 'ls'], { cwd, env: { HOME: folder }, encoding: 'utf8' })
  assert.equal(status, 0)
  assert.ok(readFileSync(join(folder, '.postern', 'postern.db')).length > 0)
  assert.throws(() => readFileSync(join(folder, 'elsewhere', 'postern.db')), { code: 'ENOENT' })
})

function builtIn(name: string, sources: string): Buffer {
  const place = join(folder, name)
  mkdirSync(place, { recursive: true })
  for (const part of ['src', 'scripts', 'docs', 'package.json', 'tsconfig.json', 'bunfig.toml'])
    cpSync(join(sources, part), join(place, part), { recursive: true })
  copyPackages(place)
  const { status, stderr } = script('scripts/build.ts', [], place)
  assert.equal(status, 0, stderr)
  return readFileSync(join(place, 'dist/postern'))
}

const script = (file: string, args: readonly string[], cwd: string) =>
  spawnSync(process.execPath, [file, ...args], { cwd, encoding: 'utf8' })

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
