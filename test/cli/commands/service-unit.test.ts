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
  for (const joins of [false, true])
    it(`${joins ? 'of a joined machine ' : ''}is exposed no more than 1.5`, {
      skip: !scored && process.env.CI !== 'true' && 'systemd-analyze is not installed',
    }, () => {
      const dir = mkdtempSync(join(tmpdir(), 'postern-unit-'))
      try {
        const file = join(dir, 'postern.service')
        writeFileSync(file, systemUnit({ executable: '/usr/bin/env', join: joins }))
        const argv = ['security', '--offline=true', '--threshold=15', file]
        const { status, stdout, stderr } = spawnSync('systemd-analyze', argv, { encoding: 'utf8' })
        assert.match(stdout, /Overall exposure level/)
        assert.equal(status, 0, stdout.slice(-200))
        assert.equal(stderr, '')
      } finally {
        rmSync(dir, { recursive: true })
      }
    })

  it('--join runs join in place of a server, with the same walls, and knows no reload', async () => {
    const [served, joined] = await Promise.all(
      [[], ['--join']].map(async (more) => (await cli(createWorld(), ['service', 'unit', ...more])).stdout),
    )
    assert.match(joined ?? '', /^ExecStart=\/usr\/bin\/postern --home \/var\/lib\/postern join$/m)
    assert.doesNotMatch(joined ?? '', /ExecReload| serve$/m)
    const walls = (unit = '') =>
      unit
        .split('\n')
        .filter((line) => /^[A-Z]/.test(line) && !/^(Exec|Restart|Description|After)/.test(line))
    assert.ok(walls(served).length > 30)
    assert.deepEqual(
      walls(joined).filter((line) => !walls(served).includes(line)),
      ['Wants=network-online.target'],
    )
    assert.deepEqual(
      walls(served).filter((line) => !walls(joined).includes(line)),
      [],
    )
  })

  it('is started again until its database is there, but not as a door that was revoked', () => {
    for (const unit of [systemUnit, userUnit]) {
      assert.match(unit({ executable: '/p' }), /^After=network\.target\nStartLimitIntervalSec=0$/m)
      assert.match(
        unit({ executable: '/p' }),
        /^Restart=on-failure\nRestartSec=1\nRestartPreventExitStatus=4$/m,
      )
    }
  })

  it('--join is started again until its door is there, but not with a token that the door refuses', async () => {
    for (const unit of [systemUnit, userUnit]) {
      const joined = unit({ executable: '/p', join: true })
      assert.match(joined, /^Restart=on-failure\nRestartSec=5\nRestartPreventExitStatus=4$/m)
      assert.match(joined, /^After=network-online\.target\nStartLimitIntervalSec=0$/m)
      assert.match(joined, /^# .*postern.* join https:\/\/door\.example --token-file FILE /m)
    }
    const { stdout } = await cli(createWorld(), ['service', 'unit', '--join', '--user'])
    assert.match(stdout, /^ExecStart=\/usr\/bin\/postern join$/m)
    assert.doesNotMatch(stdout, /^(User|ProtectHome|CapabilityBoundingSet)=/m)
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
