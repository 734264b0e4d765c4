import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seal, unseal } from '../../src/auth/seal.ts'

describe('seal', () => {
  it('gives the text back to who has the secret, for that purpose alone', () => {
    for (const text of ['', 'https://x/ü', 'x'.repeat(100_000)]) {
      const sealed = seal('secret', 'note', text)
      assert.equal(unseal('secret', 'note', sealed), text)
      assert.equal(unseal('another', 'note', sealed), undefined)
      assert.equal(unseal('secret', 'other', sealed), undefined)
      assert.notEqual(seal('secret', 'note', text), sealed)
    }
  })

  it('gives nothing back of what was changed or cut', () => {
    const sealed = seal('secret', 'note', 'text')
    const changed = [...Buffer.from(sealed, 'base64url').keys()].map((i) => {
      const bytes = Buffer.from(sealed, 'base64url')
      bytes[i] = (bytes[i] ?? 0) ^ 1
      return bytes.toString('base64url')
    })
    for (const wrong of [...changed, '', 'AAAA', sealed.slice(0, -4)])
      assert.equal(unseal('secret', 'note', wrong), undefined)
  })
})
