import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { whyGuessable } from '../../src/auth/guessable.ts'

/** Each kind of secret that people choose, with members that differ in nothing but spelling. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  'fewer than 16 characters': ['', 'short', 'x7Kq2mVb9RtYw4', '😀'.repeat(15)],
  'fewer than 8 different characters': [
    ...[
      'aaaaaaaaaaaaaaaa',
      'abababababababab',
      '1111222233334444',
      'aAaAaAaAbBbBbBbB',
      '0100110101100101',
      '................',
    ],
  ],
  'one piece over and over': [
    ...[
      'abcabcabcabcabcabc',
      'x7Kq2mVbx7Kq2mVb',
      'x7Kq2mVb9x7Kq2mVb9x7K',
      'Xk29!mQz-Xk29!mQz-',
      'passwordpassword',
      'ABCDEFGHabcdefgh',
      'whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0',
    ],
  ],
  'a run of an alphabet, digits or a keyboard': [
    ...[
      'abcdefghijklmnop',
      'ponmlkjihgfedcba',
      'AbCdEfGhIjKlMnOp',
      'a-b-c-d-e-f-g-h-i',
      '0123456789abcdef',
      '1234567890123456',
    ],
    ...[
      '9876543210987654',
      'qwertyuiopasdfgh',
      'poiuytrewqlkjhgf',
      'qwertzuiopasdfgh',
      'azertyuiopqsdfgh',
      'QWERTYUIOP[]1234',
    ],
    ...[
      '1qaz2wsx3edc4rfv',
      '!@#$%^&*()!@#$%^',
      'абвгдежзийклмноп',
      'йцукенгшщзхъфыва',
      'acegikmoqsuwybdf',
      'xyzabcdefghijklm',
    ],
    ...[
      '1a2b3c4d5e6f7g8h',
      'a1b2c3d4e5f6g7h8',
      'abc123def456ghi789',
      '1234-5678-9012-3456',
      'zyxwvutsrqponmlk',
      'αβγδεζηθικλμνξοπ',
    ],
    ...['a1a1b2b2c3c3d4d4e5e5', 'aaabbbcccdddeeefffggghhh', '31415926535897932384', '27182818284590452353'],
  ],
  'a few common words': [
    ...[
      'changemechangeme',
      'passwordpassword1',
      'Password12345678',
      'P@ssw0rd12345678',
      'mysecretpassword1',
      'supersecretwebhook',
    ],
    ...[
      'letmeinletmein123',
      'hunter2hunter2hu',
      'welcome123456789',
      'adminadminadmin1',
      'secret-secret-secret',
      'drowssapdrowssap',
    ],
    ...[
      'change-me-please-1',
      'my-secret-webhook',
      'your-secret-here',
      'this-is-a-secret!',
      'webhook-secret-key',
      'correct-horse-battery-staple',
      'REPLACE_ME_PLEASE_',
    ],
    ...[
      'test-test-test-test',
      'password!password?',
      'mypasswordmypassword2',
      'secret-0123456789',
      'TOKEN TOKEN TOKEN',
    ],
  ],
  'common words with years, dates and little words': [
    ...[
      'Welcome2026Welcome',
      'Summer2026Winter2027',
      'thisisasecret1234',
      'ThisIsMyPassword1!',
      'githubwebhook2026',
      'MyCompany#2026!!',
    ],
    ...['31.12.2026-Passwort', 'johnsmith19850412', 'iloveyouforever2026', 'thequickbrownfoxjumps'],
  ],
}

describe('whyGuessable', () => {
  for (const [kind, secrets] of Object.entries(kinds))
    for (const secret of secrets)
      it(`refuses ${kind}: ${JSON.stringify(secret)}`, () =>
        assert.match(whyGuessable(secret) ?? '', /^must /))

  it('takes what is random, in every usual spelling', () => {
    const bytes = fc.noBias(fc.uint8Array({ minLength: 24, maxLength: 64 }))
    for (const encoding of ['base64url', 'base64', 'hex'] as const)
      fc.assert(
        fc.property(bytes, (all) => {
          const secret = Buffer.from(all).toString(encoding)
          for (const one of [secret, `whsec_${secret}`]) assert.equal(whyGuessable(one), undefined)
        }),
        { numRuns: 50 },
      )
    fc.assert(
      fc.property(fc.noBias(fc.uuid({ version: 4 })), (uuid) => assert.equal(whyGuessable(uuid), undefined)),
    )
  })

  for (const secret of [
    'x7Kq2mVb9RtYw4Lp',
    '9f3c1a2b7d4e5f60',
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'tulpe Mörtel quer Nabel Zwist',
    'a-phrase-of-several-words',
    'correct-horse-battery-7-staple',
    'river otter plank velvet',
    'case-secret-0123456789',
    'Gly/X/cCe++g+IFL',
    'TddjctTpCJdgPjdj',
  ])
    it(`takes ${secret}`, () => assert.equal(whyGuessable(secret), undefined))

  it('looks at a long one no longer than at its beginning', () => {
    assert.match(whyGuessable('abcdefghijklmnopqrstuvwxyz'.repeat(10_000)) ?? '', /over and over/)
    assert.equal(typeof whyGuessable(`${'secret password token '.repeat(50_000)}!`), 'string')
  })
})
