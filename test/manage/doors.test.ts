import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { adminTokenName, type DoorFacts } from '../../src/domain/door.ts'
import { differencesOf } from '../../src/manage/doors.ts'

const key = { kid: '01', fingerprint: 'f1' }
const facts: DoorFacts = {
  version: '1',
  ...{ keys: [key], kid: '01' },
  secrets: { [adminTokenName]: 't', GITHUB_SECRET: 's', 'hook "github"': 'h' },
  settings: { 'hook "github"': 'g', limits: 'l', 'server.publicUrl': 'u' },
}
const doorOf = (name: string, changed: Partial<DoorFacts> = {}) => ({
  ...{ door: name, place: `${name}.example:/${name}` },
  facts: { ...facts, ...changed },
})

const withSecret = (name: string, code: string) => ({ secrets: { ...facts.secrets, [name]: code } })
const withSetting = (name: string, code: string) => ({ settings: { ...facts.settings, [name]: code } })
const who = /^the door "b" \(b\.example:\/b\) /

const cases: readonly [string, Partial<DoorFacts>, readonly (readonly [isBad: boolean, detail: RegExp])[]][] =
  [
    ['nothing', {}, []],
    ['another version', { version: '2' }, [[false, /runs version 2, this one 1/]]],
    ['another admin token', withSecret(adminTokenName, 'x'), [[true, /has another admin token/]]],
    [
      'another variable',
      withSecret('GITHUB_SECRET', 'x'),
      [[true, /another value for the secret GITHUB_SECRET/]],
    ],
    [
      'another variable, and so what its hook has',
      { secrets: { ...facts.secrets, GITHUB_SECRET: 'x', 'hook "github"': 'y' } },
      [[true, /secret GITHUB_SECRET$/]],
    ],
    [
      'another value under another name',
      { secrets: { [adminTokenName]: 't', 'github.secret': 'x', 'hook "github"': 'y' } },
      [[true, /secret hook "github"$/]],
    ],
    ['a hook', withSetting('hook "github"', 'x'), [[true, /configured otherwise: hook "github"$/]]],
    ['a hook more', withSetting('hook "new"', 'x'), [[true, /hook "new" \(not here\)$/]]],
    [
      'a hook less',
      { settings: { limits: 'l', 'server.publicUrl': 'u' } },
      [[true, /hook "github" \(not there\)$/]],
    ],
    ['limits', withSetting('limits', 'x'), [[false, /configured otherwise: limits$/]]],
    ['one key less', { keys: [] }, [[true, /has other signing keys: it lacks 01$/]]],
    [
      'one key more',
      { keys: [key, { kid: '02', fingerprint: 'f2' }], kid: '02' },
      [[true, /this one lacks 02$/]],
    ],
    [
      'another key',
      { keys: [{ ...key, fingerprint: 'x' }], secrets: {} },
      [[true, /01 is another key there$/]],
    ],
    ['a key that ends', { keys: [{ ...key, retireAt: 7 }] }, [[true, /01 ends at another time there$/]]],
    ['codes under a key that both have', { kid: '00', secrets: {}, settings: {} }, []],
  ]

describe('differencesOf', () => {
  for (const [title, changed, expected] of cases)
    it(`tells of a door that has ${title}`, () => {
      const other = doorOf('b', changed)
      const found = differencesOf(doorOf('a'), other)
      assert.deepEqual(
        found.map(({ isBad }) => isBad),
        expected.map(([isBad]) => isBad),
      )
      for (const [i, { detail, fix }] of found.entries()) {
        assert.match(detail, who)
        assert.match(detail, expected[i]?.[1] ?? /^$/)
        assert.ok(fix.length > 0)
      }
    })

  it('says from where keys are copied', () => {
    const [found] = differencesOf(doorOf('a'), doorOf('b', { keys: [] }))
    assert.match(found?.fix ?? '', /a\.example:\/a\/keys \(door "a"\)/)
  })
})
