import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { describe, it } from 'node:test'
import { systemUnit, userUnit } from '../../../src/cli/commands/service-unit.ts'
import { cli, createWorld } from '../fake-io.ts'

describe('service unit', () => {
  const scored = spawnSync('systemd-analyze', ['--version']).status === 0
  it('is exposed no more than 1.5', {
    skip: !scored && process.env.CI !== 'true' && 'systemd-analyze is not installed',
  }, () => {
    const dir = mkdtempSync(join(tmpdir(), 'postern-unit-'))
    try {
      const file = join(dir, 'postern.service')
      writeFileSync(file, systemUnit({ executable: '/usr/bin/env' }))
      const argv = ['security', '--offline=true', '--threshold=15', file]
      const { status, stdout, stderr } = spawnSync('systemd-analyze', argv, { encoding: 'utf8' })
      assert.match(stdout, /Overall exposure level/)
      assert.equal(status, 0, stdout.slice(-200))
      assert.equal(stderr, '')
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  it('takes the paths it is given', async () => {
    const { stdout } = await cli(createWorld(), [
      'service',
      'unit',
      '--home',
      '/srv/100% mine',
      '--exec',
      '/opt/p',
    ])
    assert.match(stdout, /^ExecStart=\/opt\/p --home "\/srv\/100%% mine" serve$/m)
    assert.match(stdout, /^ReadWritePaths="\/srv\/100%% mine"$/m)
  })

  it('without a home of its own uses /var/lib/postern, or the user’s own', async () => {
    assert.match(systemUnit({ executable: '/p' }), /^ExecStart=\/p --home \/var\/lib\/postern serve$/m)
    assert.match(userUnit({ executable: '/p' }), /^ExecStart=\/p serve$/m)
    assert.doesNotMatch(userUnit({ executable: '/p' }), /^(User|ProtectHome|CapabilityBoundingSet)=/m)
  })
})
