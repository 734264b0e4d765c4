import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { shownReadiness, shownScreen } from '../../src/link/shown.ts'

describe('what a host says of its agents', () => {
  it('is taken over where it fits', () => {
    assert.deepEqual(shownReadiness({ kind: 'busy', why: 'it works', since: 5 }), {
      kind: 'busy',
      why: 'it works',
      since: 5,
    })
    assert.deepEqual(shownReadiness({ kind: 'ended', exitCode: 3 }), { kind: 'ended', exitCode: 3 })
    assert.deepEqual(shownReadiness({ kind: 'blocked', why: 'asks', asks: 'ls' }), {
      kind: 'blocked',
      why: 'asks',
      asks: 'ls',
    })
  })

  it('controls nothing and has its length', () => {
    const { why } = shownReadiness({ kind: 'offline', why: `\x1b[31m${'x'.repeat(9000)}\u202e` }) as {
      why: string
    }
    assert.doesNotMatch(why, /[\x00-\x1f\u202e]/)
    assert.ok(why.length <= 300)
  })

  it('is refused where it is something else', () => {
    for (const value of [
      undefined,
      null,
      'idle',
      {},
      { kind: 'root' },
      { kind: 'busy' },
      { kind: 'blocked', why: 7 },
    ])
      assert.throws(() => shownReadiness(value), { code: 'unreachable' }, JSON.stringify(value))
  })

  it('shows a screen cell by cell, and nothing that is none', () => {
    const run = { text: 'a\x1b]0;title\x07b', width: 3, fg: 196, bg: 'red;} body{', bold: true, onclick: 'x' }
    const screen = shownScreen({
      ...{ columns: 80, rows: 2, changedAt: 5, cursor: { column: 1, row: 0 }, extra: 1 },
      lines: { 0: [run], 1: 'no line', 7: [run], __proto__: [run] },
    })
    assert.deepEqual(screen, {
      ...{ columns: 80, rows: 2, changedAt: 5, cursor: { column: 1, row: 0 } },
      lines: { 0: [{ text: 'a ]0;title b', width: 3, fg: 196, bold: true }], 1: [] },
    })
  })

  it('is refused as a screen of impossible size', () => {
    for (const size of [{ columns: 1e9, rows: 2 }, { columns: -1, rows: 2 }, { columns: 80 }, {}])
      assert.throws(() => shownScreen({ ...size, changedAt: 0, lines: {} }), { code: 'unreachable' })
  })
})
