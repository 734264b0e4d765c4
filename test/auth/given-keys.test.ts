import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { keysText, openGivenKeys, parseKeys, rotated } from '../../src/auth/given-keys.ts'
import type { KeyEntry } from '../../src/auth/key-ring.ts'
import { createTokens } from '../../src/auth/tokens.ts'
import { Failure } from '../../src/domain/error.ts'
import type { Claims, GrantId } from '../../src/domain/grant.ts'
import type { SessionId } from '../../src/domain/session.ts'

const end = Date.UTC(2026, 10, 22, 10)
const keyOf = (kid: string, retireAt = Number.POSITIVE_INFINITY): KeyEntry => ({
  key: { kid: kid.padStart(16, '0'), secret: new Uint8Array(randomBytes(32)) },
  retireAt,
})
const [older, newer] = [keyOf('1', end), keyOf('a2')]
const [olderText, newerText] = [keysText([older]), keysText([newer])]
const claims: Claims = {
  ...{ grant: '9f3c1a2b7d4e5f60' as GrantId, session: 'build' as SessionId, verb: 'send_input' },
}

describe('parseKeys', () => {
  it('reads what keysText writes, which means nothing to a shell, in any order', () => {
    const text = keysText([older, newer])
    assert.match(text, /^[\w:.,-]+$/)
    assert.deepEqual(parseKeys(text), [older, newer])
    assert.deepEqual(parseKeys(`${newerText},${olderText}`), [older, newer])
    assert.deepEqual(parseKeys(`\n${newerText}\n${olderText}\n`), [older, newer])
  })

  const secret = newerText.split(':')[1] ?? ''
  const malformed: readonly [what: string, text: string, why: RegExp][] = [
    ['nothing', ' ', /None of its keys is in use/],
    ['no id', secret, /Key 1 of 1 must begin with 16 digits/],
    ['an id of other letters', newerText.toUpperCase(), /Key 1 of 1 must begin with 16 digits/],
    ['no secret', '00000000000000a2', /Key 1 of 1 must begin with 16 digits .* and a colon/],
    ['a short secret', newerText.slice(0, -1), /Key 1 of 1 \(0{14}a2\) must have 43 .*; it has 42\./],
    ['another alphabet', `${newerText.slice(0, -2)}+/`, /it has 43 others\./],
    ['a value cut behind the first key', `${newerText},${olderText.slice(0, 30)}`, /Key 2 of 2 \(0{15}1\)/],
    [
      'an end that is no time',
      `${newerText},${newerText.replace('a2', 'a3')}:soon`,
      /Key 2 of 2 .*in a time/,
    ],
    ['one that can be guessed', `00000000000000a2:${'A'.repeat(43)}`, /can be guessed: it must have 8/],
    ['one id twice', `${newerText},${newerText}`, /0{14}a2 stands in it twice/],
    ['none in use', olderText, /None of its keys is in use/],
  ]
  for (const [what, text, why] of malformed)
    it(`refuses ${what}, says where, and shows no secret`, () => {
      assert.throws(
        () => parseKeys(text),
        (thrown) => {
          assert.ok(thrown instanceof Failure && thrown.code === 'key_unusable')
          assert.match(thrown.message, /^POSTERN_SIGNING_KEYS is not as postern keys export prints it/)
          assert.match(thrown.message, why)
          assert.ok(!thrown.message.includes(secret.slice(0, 12)))
          return true
        },
      )
    })
})

describe('openGivenKeys', () => {
  it('signs with the newest that is in use, and lets an old one go when its time is over', async () => {
    let now = end - 1
    const clock = { now: () => now }
    const before = createTokens({ keys: openGivenKeys([{ ...older, retireAt: Infinity }], clock) })
    const old = await before.mint(claims)
    const keys = openGivenKeys([older, newer], clock)
    const tokens = createTokens({ keys })
    assert.equal(keys.active().kid, newer.key.kid)
    assert.deepEqual(await tokens.read(old), claims)
    assert.deepEqual(await tokens.read(await tokens.mint(claims)), claims)
    now = end
    keys.look()
    assert.equal(await tokens.read(old), undefined)
    assert.equal(keys.find('ff'), undefined)
  })

  it('keeps the end that it had when the wall clock jumps', () => {
    let skew = 0
    const keys = openGivenKeys([older, newer], { now: () => end - 1, skew: () => skew })
    skew = 10_000
    keys.look()
    assert.deepEqual(keys.find(older.key.kid), older.key)
  })
})

describe('rotated', () => {
  it('adds a key that is newer than all, gives the others an end, and drops what is over', () => {
    const [first, second, third, ...more] = rotated([older, keyOf('5', end + 5), newer], 1000, end)
    assert.deepEqual(more, [])
    assert.equal(first?.retireAt, end + 5)
    assert.deepEqual(second, { key: newer.key, retireAt: end + 1000 })
    assert.equal(third?.retireAt, Infinity)
    assert.ok((third?.key.kid ?? '') > newer.key.kid)
    assert.equal(parseKeys(keysText(rotated([newer], 1000, end))).length, 2)
  })
})
