import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { canMakeDebianPackages } from '../../scripts/release/debian.ts'
import { notesOf } from '../../scripts/release/notes.ts'
import { copyPackages } from '../support/packages.ts'

const noPackages = !canMakeDebianPackages() && process.env.CI !== 'true' && 'dpkg-deb is not installed'
const root = resolve(import.meta.dirname, '../..')

describe('release', { timeout: 180_000 }, () => {
  let folder: string
  let releases: readonly string[]

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-release-'))
    releases = ['one', 'another/and/deeper'].map((name) => released(join(folder, name)))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('is the same from two folders, byte for byte', () => {
    const [one = '', another = ''] = releases
    assert.deepEqual(readdirSync(one), readdirSync(another))
    for (const file of readdirSync(one))
      assert.ok(readFileSync(join(one, file)).equals(readFileSync(join(another, file))), file)
  })

  test('carries checksums of all it holds', () => {
    const [one = ''] = releases
    const { status, stdout } = spawnSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], {
      cwd: one,
      encoding: 'utf8',
    })
    assert.equal(status, 0, stdout)
    assert.equal(stdout.trim().split('\n').length, readdirSync(one).length - 1)
  })

  test('holds a package for Debian, with the licence of each part', { skip: noPackages }, () => {
    const [one = ''] = releases
    const name = readdirSync(one).find((file) => file.endsWith('.deb')) ?? ''
    assert.match(name, /^postern_\d+\.\d+\.\d+_(amd64|arm64)\.deb$/)
    const out = join(one, '../unpacked')
    assert.equal(spawnSync('dpkg-deb', ['--extract', join(one, name), out]).status, 0)
    const [binary = ''] = readdirSync(one).filter((file) => file.startsWith('postern-linux'))
    assert.ok(readFileSync(join(out, 'usr/bin/postern')).equals(readFileSync(join(one, binary))))
    const copyright = readFileSync(join(out, 'usr/share/doc/postern/copyright'), 'utf8')
    for (const part of [
      'MIT License',
      'Postern contributors',
      'elysia 1.',
      'jose 6.',
      'mustache 4.',
      'bun 1.',
    ])
      assert.ok(copyright.includes(part), part)
  })

  test('lists what lies in the executable, as CycloneDX', () => {
    const bom = JSON.parse(readFileSync(join(releases[0] ?? '', 'postern.cdx.json'), 'utf8')) as Bom
    assert.deepEqual([bom.bomFormat, bom.specVersion, bom.version], ['CycloneDX', '1.6', 1])
    const names = bom.components.map(({ name }) => name)
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    // Bun brings a `ws` of its own; the package is for Deno.
    const outside = ['ws', 'typescript', 'fast-check']
    for (const name of [...Object.keys(dependencies), 'bun'])
      if (!outside.includes(name)) assert.ok(names.includes(name), name)
    for (const name of outside) assert.ok(!names.includes(name), name)
    const refs = bom.dependencies.map(({ ref }) => ref)
    assert.deepEqual(new Set(refs).size, names.length + 1)
    for (const part of bom.components) {
      assert.match(part.purl, /^pkg:npm\/(%40[^/@]+\/)?[^/@]+@\d/)
      assert.match(part.hashes?.[0]?.content ?? '', /^[0-9a-f]{128}$/, part.name)
      assert.equal(part.licenses?.length, 1, part.name)
    }
  })

  function released(place: string): string {
    mkdirSync(place, { recursive: true })
    for (const part of [
      'src',
      'docs',
      'scripts',
      'package.json',
      'package-lock.json',
      'CHANGELOG.md',
      'LICENSE',
      'tsconfig.json',
    ])
      cpSync(join(root, part), join(place, part), { recursive: true })
    copyPackages(place)
    const argv = ['scripts/release.ts', '--target', `linux-${process.arch}`]
    const { status, stderr } = spawnSync(process.execPath, argv, { cwd: place, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    return join(place, 'dist/release')
  }
})

interface Bom {
  readonly bomFormat: string
  readonly specVersion: string
  readonly version: number
  readonly components: readonly {
    readonly name: string
    readonly purl: string
    readonly hashes?: readonly { readonly content: string }[]
    readonly licenses?: readonly unknown[]
  }[]
  readonly dependencies: readonly { readonly ref: string }[]
}

describe('notesOf', () => {
  const changelog =
    '# Changelog\n\n## Unreleased\n\n- new\n\n## 1.2.0 - 2026-01-02\n\n- two\n\n## 1.1.0\n\n- one\n'
  for (const [version, notes] of [
    ['1.2.0', '- two'],
    ['1.1.0', '- one'],
    ['1.3.0', '- new'],
  ] as const)
    test(`finds what is said of ${version}`, () =>
      assert.equal(notesOf(changelog, version), `# Postern ${version}\n\n${notes}\n`))

  test('refuses a changelog that is silent', () =>
    assert.throws(() => notesOf('# Changelog\n', '1.0.0'), /says nothing about 1\.0\.0/))
})
