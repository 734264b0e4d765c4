import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type DatabaseFacts,
  type HomeFacts,
  type KeyFacts,
  type KeyMark,
  troubleWithDatabase,
} from '../../src/domain/home-state.ts'
import { troubleWithKeys } from '../../src/domain/key-troubles.ts'
import { keysVariable } from '../../src/domain/key-variables.ts'

const mark = 'a'.repeat(32)
const database: DatabaseFacts = { mark, commits: 7, isCopy: false, known: [], hasOpenGrants: true }
const facts: HomeFacts = {
  databaseFile: '/home/postern.db',
  keysDir: '/home/keys',
  database,
  hasLog: true,
  mark: { mark, commits: 7 },
  hasKeys: true,
}

const databases: readonly [string, Partial<HomeFacts>, string | undefined][] = [
  ['that is whole', {}, undefined],
  ['that is ahead of what was noted', { mark: { mark, commits: 3 } }, undefined],
  ['of a home where nothing was noted yet', { mark: undefined }, undefined],
  ['of version 0.1', { database: { ...database, commits: 0 }, mark: undefined }, undefined],
  ['that is a backup', { database: { ...database, mark: 'b', commits: 0, isCopy: true } }, undefined],
  ['that is not there in a new home', { database: 'missing', mark: undefined, hasKeys: false }, undefined],
  ['that is empty in a new home', { database: 'empty', mark: undefined, hasKeys: false }, undefined],
  ['that is gone', { database: 'missing' }, 'database_missing'],
  ['that is gone from a home of version 0.1', { database: 'missing', mark: undefined }, 'database_missing'],
  ['that is gone from a home without keys', { database: 'missing', hasKeys: false }, 'database_missing'],
  ['that is empty', { database: 'empty' }, 'database_empty'],
  ['that holds nothing', { database: 'blank', hasLog: false }, 'database_empty'],
  ['of another home', { database: { ...database, mark: 'b' } }, 'database_foreign'],
  ['that lacks a transaction', { database: { ...database, commits: 6 } }, 'database_behind'],
  [
    'of version 0.1 in a newer home',
    { database: { commits: 0, isCopy: false, known: [], hasOpenGrants: false } },
    'database_behind',
  ],
]

for (const [title, changed, kind] of databases)
  test(`troubleWithDatabase ${kind ? 'refuses' : 'takes'} one ${title}`, () => {
    const trouble = troubleWithDatabase({ ...facts, ...changed })
    assert.equal(trouble?.kind, kind)
    if (trouble) assert.match(trouble.fix, /postern (restore|keys)/)
  })

const key: KeyMark = { kid: '1', fingerprint: 'f1' }
const newer: KeyMark = { kid: '2', fingerprint: 'f2' }
const now = 1000

const keys: readonly [string, Partial<KeyFacts>, readonly KeyMark[], string | undefined][] = [
  ['all that are known', {}, [key, newer], undefined],
  ['one more than is known', { known: [key] }, [key, newer], undefined],
  ['those of a database that knows none', { known: [] }, [key], undefined],
  ['none at all where no URL is open', { known: [], hasOpenGrants: false }, [], undefined],
  ['none where no URL is open any more', { hasOpenGrants: false }, [], undefined],
  ['one less whose time is over', { known: [{ ...key, retireAt: now }, newer] }, [newer], undefined],
  ['none where URLs are open', { known: [] }, [], 'keys_missing'],
  ['none of those that are known', {}, [], 'keys_missing'],
  ['one less', {}, [newer], 'keys_missing'],
  [
    'one less whose time is not over',
    { known: [{ ...key, retireAt: now + 1 }, newer] },
    [newer],
    'keys_missing',
  ],
  ['another under a known name', {}, [{ ...key, fingerprint: 'f9' }, newer], 'keys_foreign'],
]

for (const [title, changed, present, kind] of keys)
  test(`troubleWithKeys ${kind ? 'refuses' : 'takes'} ${title}`, () => {
    const known = { known: [key, newer], hasOpenGrants: true, ...changed }
    const trouble = troubleWithKeys(known, present, '/home/keys', now)
    assert.equal(trouble?.kind, kind)
    if (trouble) assert.match(trouble.fix, /postern keys new/)
  })

const elsewhere = [{ door: 'a', place: 'a.example:/var/lib/postern' }]
const retired = { ...key, retireAt: now + 1 }

const keysOfDoors: readonly [string, Partial<KeyFacts>, readonly KeyMark[], string | undefined][] = [
  ['all of them', {}, [key, newer], undefined],
  ['one more', { known: [key] }, [key, newer], undefined],
  ['all but one whose time is over', { known: [{ ...key, retireAt: now }, newer] }, [newer], undefined],
  ['none where none is known', { known: [] }, [], undefined],
  ['none of them, whether a URL is open or not', { hasOpenGrants: false }, [], '1.key, 2.key'],
  ['one less', { hasOpenGrants: false }, [newer], '1.key'],
  ['one less that goes on for a while', { known: [retired, newer] }, [newer], '1.key'],
  ['one that would go on for ever', { known: [retired, newer] }, [key, newer], '1.retired'],
  ['another under that name', {}, [{ ...key, fingerprint: 'f9' }, newer], '1.key'],
]

for (const [title, changed, present, files] of keysOfDoors)
  test(`troubleWithKeys of doors that share a store ${files ? 'refuses' : 'takes'} ${title}`, () => {
    const known = { known: [key, newer], hasOpenGrants: true, elsewhere, ...changed }
    const trouble = troubleWithKeys(known, present, '/home/keys', now)
    const named = trouble?.detail.match(/\d\.\w+/g)?.join(', ')
    assert.equal(named, files)
    if (trouble)
      assert.match(trouble.fix, /to \/home\/keys from a\.example:\/var\/lib\/postern\/keys \(door "a"\)/)
  })

test('troubleWithKeys knows of keys that nobody has told of', () => {
  const known = { known: [key], hasOpenGrants: false, elsewhere: [] }
  assert.match(troubleWithKeys(known, [], '/home/keys', now)?.fix ?? '', /from the home that has them/)
  assert.equal(troubleWithKeys(known, [key], '/home/keys', now), undefined)
})

test('troubleWithKeys of keys that come by a variable names that, and no file', () => {
  const known = { known: [retired, newer], hasOpenGrants: true }
  const among = { ...known, elsewhere }
  const foreign = { ...newer, fingerprint: 'f9' }
  const detailOf = (facts: KeyFacts, present: readonly KeyMark[]) => {
    const { detail, fix } = troubleWithKeys(facts, present, keysVariable, now) ?? assert.fail()
    assert.doesNotMatch(`${detail} ${fix}`, /\.key|\.retired|\/keys/)
    return `${detail} ${fix}`
  }
  assert.match(
    detailOf(known, [newer]),
    /^1 is gone from POSTERN_SIGNING_KEYS.*unset .*, then postern keys new/,
  )
  assert.match(detailOf(known, [retired, foreign]), /^2 in POSTERN_SIGNING_KEYS is another key/)
  assert.match(
    detailOf(among, [newer]),
    /POSTERN_SIGNING_KEYS lacks 1\. Give it .* prints in a\.example:\S+ \(door "a"\)/,
  )
  assert.match(detailOf(among, [key, newer]), /lacks the end of 1\./)
  assert.match(detailOf(among, [retired, foreign]), /has others than they do \(2\)/)
})
