import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DriverSettings } from '../../src/domain/session.ts'
import { type GivenSettings, givenSettings } from '../../src/drivers/settings.ts'

const given = (settings: DriverSettings) => givenSettings('box', settings, ['command', 'env', 'cwd', 'lid'])

test('givenSettings reads what a person gave', () => {
  const all = given({ command: ['box', ''], env: { A: '' }, cwd: 'sub', lid: 'open' })
  assert.deepEqual(all.command('--driver box -- box'), ['box', ''])
  assert.deepEqual(all.env(), { env: { A: '' } })
  assert.deepEqual([all.cwd('/srv'), all.text('lid')], ['/srv/sub', 'open'])
  const none = given({})
  assert.deepEqual([none.env(), none.cwd('/srv'), none.text('lid')], [{}, '/srv', undefined])
  assert.equal(none.texts('command', 'needs a list'), undefined)
})

const wrong: readonly (readonly [DriverSettings, (all: GivenSettings) => unknown, RegExp])[] = [
  [
    {},
    (all) => all.command('--driver box -- box'),
    /The box driver needs a command, for example: --driver box/,
  ],
  [{ command: [''] }, (all) => all.command('box'), /needs a command/],
  [{ command: ['a\0b'] }, (all) => all.texts('command', 'needs a list'), /needs a list/],
  [{ command: 'box' }, (all) => all.texts('command', 'needs a list'), /needs a list/],
  [{ env: ['A=1'] }, (all) => all.env(), /needs env as an object of texts/],
  [{ env: { 'A=B': '1' } }, (all) => all.env(), /needs env/],
  [{ cwd: '' }, (all) => all.cwd('/'), /needs cwd as a text/],
  [{ lid: 7 }, (all) => all.text('lid'), /needs lid as a text/],
  [{ key: 1 }, () => undefined, /has no setting "key"/],
]
for (const [settings, read, why] of wrong)
  test(`givenSettings refuses ${JSON.stringify(settings)}`, () => {
    assert.throws(() => read(given(settings)), why)
  })
