import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { describe, it } from 'node:test'
import { canMakeDebianPackages, debianPackage } from '../../scripts/release/debian.ts'
import { binary } from '../support/binary.ts'
import { insertOld, oldDatabase } from '../support/old-database.ts'

const fixtures = resolve(import.meta.dirname, '../fixtures')
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
const changelog = '# Changelog\n\n## 9.2.0 - 2026-02-03\n\n- new\n\n## 9.1.0\n\n- old\n'

const noPackages = !canMakeDebianPackages() && process.env.CI !== 'true' && 'dpkg-deb is not installed'

const bootable = (): boolean =>
  process.getuid?.() === 0 &&
  spawnSync('sh', [join(fixtures, 'unit/boot.sh')], { timeout: 20_000 }).status === 0

function packageOf(version: string, folder: string, executable = binary()[0]): string {
  return debianPackage({ architecture, version, executable, changelog, copyright: 'MIT\n', folder })
}

describe('debianPackage', () => {
  it('gives the same bytes for the same input, of the day the changelog names', { skip: noPackages }, () => {
    inFolder((folder) => {
      const [one, other] = ['one', 'other'].map((name) => {
        mkdirSync(join(folder, name))
        return packageOf('9.2.0', join(folder, name), '/bin/true')
      })
      assert.ok(readFileSync(one ?? '').equals(readFileSync(other ?? '')))
      const listing = execFileSync('dpkg-deb', ['--contents', one ?? ''], { encoding: 'utf8' })
      for (const line of listing.trim().split('\n'))
        assert.match(line, /^[-d]rw[-x]r-[-x]r-[-x] root\/root .* 2026-02-03 00:00 /)
      const field = (name: string) =>
        execFileSync('dpkg-deb', ['--field', one ?? '', name], { encoding: 'utf8' }).trim()
      assert.deepEqual(['Package', 'Version', 'Architecture'].map(field), ['postern', '9.2.0', architecture])
    })
  })

  it('throws what dpkg-deb says of a version that is none', { skip: noPackages }, () =>
    inFolder((folder) =>
      assert.throws(() => packageOf('next', folder, '/bin/true'), /dpkg-deb failed: .*version/s),
    ),
  )
})

function inFolder(act: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'postern-debian-'))
  try {
    act(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const skip = noPackages || (!bootable() && 'systemd cannot be booted in here')

/** By name, what look.sh says. Not in a hook, because a hook may not take as long. */
const seen = skip ? new Map<string, string>() : await trial()

async function trial(): Promise<ReadonlyMap<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-debian-'))
  try {
    cpSync(join(fixtures, 'unit'), folder, { recursive: true })
    cpSync(join(fixtures, 'debian'), folder, { recursive: true })
    renameSync(packageOf('9.1.0', folder), join(folder, 'before.deb'))
    renameSync(packageOf('9.2.0', folder), join(folder, 'after.deb'))
    await firstHome(join(folder, 'first'))
    const { stderr } = spawnSync('sh', [join(folder, 'boot.sh'), folder], {
      timeout: 210_000,
      encoding: 'utf8',
    })
    const [out = '', err = ''] = ['out', 'err'].map((name) => readFileSync(join(folder, name), 'utf8'))
    const facts = new Map(
      [...out.matchAll(/^(\w+): (.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
    )
    assert.ok(facts.has('nothing') && !facts.has('missing'), `${stderr}\n${out}\n${err}`)
    return facts
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A home as 0.1.0 left it, with two messages that wait. */
async function firstHome(home: string): Promise<void> {
  mkdirSync(home, { mode: 0o700 })
  const now = Date.now()
  const place = '/var/lib/postern'
  const settings = JSON.stringify({ command: ['sh', '-c', `cat >> ${place}/said`], cwd: place })
  await oldDatabase(join(home, 'postern.db'), (database) => {
    database
      .prepare(
        `INSERT INTO sessions (id, generation, driver, settings, state, opened_at) VALUES ('build', 'g1', 'command', ?, 'live', ?)`,
      )
      .run(settings, now)
    insertOld(database, 1, now - 60_000, { message: 'first ' })
    insertOld(database, 2, now - 60_000, { reason: 'busy', detail: 'a turn runs', message: 'second ' })
    database.exec(`INSERT INTO tallies (kind, name, n) VALUES ('state', 'PENDING', 2), ('queue', 'build', 2)`)
  })
}

describe('the Debian package, under systemd', () => {
  it('makes user and home, brings what shells and systemd read, and starts', { skip }, () => {
    assert.equal(seen.get('installed'), 'active enabled')
    assert.equal(seen.get('version'), '9.1.0')
    assert.equal(seen.get('home'), 'postern:postern 700')
    assert.equal(seen.get('account'), '/var/lib/postern:/usr/sbin/nologin')
    assert.equal(seen.get('user'), 'postern')
    assert.equal(seen.get('units'), 'good')
    assert.equal(seen.get('knock'), '202')
  })

  it('restarts at an upgrade and loses nothing: messages, URLs and terminals go on', { skip }, () => {
    assert.equal(seen.get('upgraded'), 'active enabled 9.2.0')
    assert.equal(seen.get('restarted'), 'yes')
    assert.equal(seen.get('waiting'), 'still there')
    assert.equal(seen.get('same_url'), '202')
    assert.equal(seen.get('terminal'), 'delivered')
  })

  it('delivers what waits in a home of the first version, and keeps a copy of it', { skip }, () => {
    assert.equal(seen.get('first'), 'first second ')
    assert.equal(seen.get('copies'), '1')
    assert.equal(seen.get('of_root'), '0')
  })

  it('does not start what an administrator has disabled', { skip }, () =>
    assert.equal(seen.get('disabled'), 'inactive disabled'),
  )

  it('keeps the home when it is removed, and no process', { skip }, () => {
    assert.equal(seen.get('removed'), 'inactive  0')
    assert.equal(seen.get('kept'), 'postern 700 postern 600 ')
    assert.equal(seen.get('back'), 'still there')
  })

  it('leaves nothing when it is purged', { skip }, () => {
    assert.match(seen.get('purged') ?? '', /^0?$/)
    assert.equal(seen.get('nothing'), 'is left')
  })
})
