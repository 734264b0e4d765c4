import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const folder = new URL('../../../src/http/dashboard/assets', import.meta.url).pathname
const templates = readdirSync(folder).filter((name) => name.endsWith('.mustache'))

describe('the templates of the dashboard', () => {
  /** A browser ends a paragraph before any of these: what stands in them leaves its place. */
  const block = /<p\b[^>]*>(?:(?!<\/p>).)*?<(?:form|div|p|ul|ol|table|details|section|h[1-6])\b/s

  for (const name of templates)
    it(`${name} has no form or block in a paragraph`, () => {
      assert.equal(block.exec(readFileSync(join(folder, name), 'utf8'))?.[0], undefined)
    })
})
