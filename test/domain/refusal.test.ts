import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { causeKind } from '../../src/domain/refusal.ts'

describe('causeKind', () => {
  const cases: readonly (readonly [cause: string, kind: string])[] = [
    ['timestamp is 400 s old', 'timestamp is … s old'],
    ['The body is not valid JSON at character 15.', 'The body is not valid JSON at character ….'],
    [
      'The body is larger than the 1048576 bytes allowed here.',
      'The body is larger than the … bytes allowed here.',
    ],
    ['The body is not valid UTF-8.', 'The body is not valid UTF-8.'],
    ['header x-hub-signature-256 missing', 'header x-hub-signature-256 missing'],
  ]
  for (const [cause, kind] of cases)
    it(`calls "${cause}" "${kind}"`, () => assert.equal(causeKind(cause), kind))
})
