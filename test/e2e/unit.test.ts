import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { binary } from '../support/binary.ts'

const fixture = resolve(import.meta.dirname, '../fixtures/unit')
const [program] = binary()

/** Namespaces and an overlay over the root are for root, and not in every container. */
const bootable = (): boolean =>
  process.getuid?.() === 0 && spawnSync('sh', [join(fixture, 'boot.sh')], { timeout: 20_000 }).status === 0

if (bootable()) describe('the systemd unit, under systemd', { timeout: 120_000 }, testUnit)
else it('the systemd unit is well-formed, though nothing here can boot it', { skip: noSystemd() }, verifyUnit)

function noSystemd(): string | false {
  const missing = spawnSync('systemd-analyze', ['--version']).status !== 0
  return missing && process.env.CI !== 'true' && 'systemd-analyze is not installed'
}

const unit = (...args: readonly string[]): string =>
  execFileSync(program, ['service', 'unit', ...args], { encoding: 'utf8', env: { HOME: '/root' } })

function testUnit(): void {
  let folder: string
  let seen: ReadonlyMap<string, string>

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-unit-'))
    cpSync(fixture, folder, { recursive: true })
    copyFileSync(program, join(folder, 'postern'))
    chmodSync(join(folder, 'postern'), 0o755)
    const units = join(folder, 'units')
    writeFileSync(join(units, 'postern.service'), unit('--exec', '/usr/local/bin/postern'))
    writeFileSync(
      join(units, 'hidden.service'),
      unit('--exec', '/root/hidden/postern', '--home', '/home/agent/door'),
    )
    const { stderr } = spawnSync('sh', [join(folder, 'boot.sh'), folder], {
      timeout: 110_000,
      encoding: 'utf8',
    })
    const [out, err] = ['out', 'err'].map((name) => {
      try {
        return readFileSync(join(folder, name), 'utf8')
      } catch {
        return ''
      }
    })
    seen = new Map(
      [...(out ?? '').matchAll(/^(\w+): (.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
    )
    assert.ok(seen.has('hidden'), `${stderr}\n${out}\n${err}`)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('runs as a user without privileges, with the hardening on', () => {
    assert.equal(seen.get('state'), 'active')
    assert.notEqual(seen.get('Uid'), '0')
    assert.deepEqual(
      ['CapEff', 'CapBnd', 'NoNewPrivs', 'Seccomp'].map((name) => seen.get(name)),
      ['0000000000000000', '0000000000000000', '1', '2'],
    )
    assert.equal(seen.get('home'), 'postern 700')
  })

  it('takes knocks, and starts agents that write the home and nothing else', () => {
    assert.equal(seen.get('knock'), '200')
    const { response } = JSON.parse(seen.get('answer') ?? '') as { response: string }
    assert.match(response, /^hello wrote the home\r?\n\/dev\/pts\/\d+\s*$/)
  })

  it('reaches a terminal that was started outside of it, also after a restart', () => {
    assert.equal(seen.get('terminal'), 'delivered')
    assert.equal(seen.get('again'), 'delivered')
  })

  it('comes back by itself, with what waited', () => {
    assert.equal(seen.get('restarts'), '1')
    assert.equal(seen.get('waiting'), 'still there')
    assert.equal(seen.get('stopped'), 'success')
  })

  it('reaches a program and a home in places that it hides', () => assert.equal(seen.get('hidden'), 'active'))
}

function verifyUnit(): void {
  const folder = mkdtempSync(join(tmpdir(), 'postern-unit-'))
  try {
    const file = join(folder, 'postern.service')
    writeFileSync(file, unit('--exec', '/usr/bin/env'))
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
