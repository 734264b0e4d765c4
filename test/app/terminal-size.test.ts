import assert from 'node:assert/strict'
import { test } from 'node:test'
import { terminalSize } from '../../src/app/terminal-size.ts'

test('terminalSize is the usual one for no terminal, and for one without a size', () => {
  assert.deepEqual(terminalSize({}), { columns: 80, rows: 24 })
  assert.deepEqual(terminalSize({ columns: 0, rows: 0 }), { columns: 80, rows: 24 })
  assert.deepEqual(terminalSize({ columns: 60, rows: 10 }), { columns: 60, rows: 10 })
})
