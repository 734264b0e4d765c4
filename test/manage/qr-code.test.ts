import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { linesOf, pathOf, qrCodeOf } from '../../src/manage/qr-code.ts'

const url = `https://door.example/hook/${'aZ9_-'.repeat(50)}`
const finder = ['1111111', '1000001', '1011101', '1011101', '1011101', '1000001', '1111111']
const cut = (rows: readonly (readonly boolean[])[], x: number, y: number): readonly string[] =>
  rows.slice(y, y + 7).map((row) =>
    row
      .slice(x, x + 7)
      .map(Number)
      .join(''),
  )

describe('qrCodeOf', () => {
  it('has its three finders within its margin, and room for a URL in 73 modules', () => {
    const { rows, size } = qrCodeOf(url, 4)
    const far = size - 4 - 7
    for (const [x, y] of [
      [4, 4],
      [far, 4],
      [4, far],
    ] as const)
      assert.deepEqual(cut(rows, x, y), finder)
    const around = rows.filter((row, y) => y < 4 || y >= size - 4 || row[3] || row[size - 4])
    assert.ok(around.flat().every((dark) => !dark))
    assert.ok(rows.length === size && rows.every((row) => row.length === size))
    assert.ok(size <= 73, String(size))
  })

  it('is the same for the same text, and another for another', () => {
    assert.deepEqual(qrCodeOf(url, 4), qrCodeOf(url, 4))
    assert.notDeepEqual(qrCodeOf(url, 4), qrCodeOf(`${url}x`, 4))
  })
})

describe('pathOf and linesOf', () => {
  const code = qrCodeOf(url, 2)

  it('draw each module where it is', () => {
    const drawn = code.rows.map((row) => row.map(() => false))
    for (const [, x, y, length] of pathOf(code).matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g))
      for (let at = Number(x); at < Number(x) + Number(length); at++)
        (drawn[Number(y)] ?? assert.fail())[at] = true
    assert.deepEqual(drawn, code.rows)
    const seen = linesOf(code).flatMap((line) => [
      [...line].map((half) => !'█▀'.includes(half)),
      [...line].map((half) => !'█▄'.includes(half)),
    ])
    assert.deepEqual(seen.slice(0, code.size), code.rows)
    assert.ok(seen.length - code.size <= 1)
  })
})
