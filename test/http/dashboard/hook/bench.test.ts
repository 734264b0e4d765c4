import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openBench, sampleToSend } from '../../../../src/http/dashboard/hook/bench.ts'
import { hookOf, placeWith } from '../../../support/hook-pages.ts'

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

describe('openBench', () => {
  it('keeps the bytes of a delivery that nobody edited, whatever ends their lines', async () => {
    const { deps, knock } = placeWith()
    const { id } = await knock('news', '{\r\n"a":1}')
    const asPosted = { from: id, payload: '{\r\n"a":1}', headers: 'content-type: application/json' }
    assert.equal(textOf((await openBench(deps, hookOf(), asPosted, undefined)).sample.payload), '{\r\n"a":1}')
    const edited = await openBench(deps, hookOf(), { ...asPosted, payload: '{\r\n"a":2}' }, undefined)
    assert.equal(textOf(edited.sample.payload), '{\n"a":2}')
  })

  it('takes the newest delivery, else the example; one that is gone gives way to it', async () => {
    const { deps, knock } = placeWith()
    const { id } = await knock('news', '{"a":1}')
    assert.equal((await openBench(deps, hookOf(), {}, id)).from, id)
    const github = await openBench(deps, hookOf({ preset: 'github' }), { from: 'whd_gone' }, id)
    assert.equal(github.from, 'example')
    assert.match(github.headers, /^x-github-event: push$/m)
    assert.match(github.text ?? '', /"commits"/)
  })

  it('does not bring back what would make it a repeat', async () => {
    const { deps, knock } = placeWith()
    const headers = { 'idempotency-key': 'k', 'x-request-id': 'r', 'x-github-event': 'push' }
    const { id } = await knock('news', '{}', { headers })
    const bench = await openBench(deps, hookOf(), {}, id)
    assert.equal(bench.headers, 'content-type: application/json\nx-github-event: push')
  })

  it('sends what cannot be edited as it came', async () => {
    const { deps, knock } = placeWith()
    for (const payload of [new Uint8Array([0xff, 0xfe]), new TextEncoder().encode('x'.repeat(100_001))]) {
      const { id } = await knock('news', '', { payload })
      const bench = await openBench(deps, hookOf(), { payload: 'something else' }, id)
      assert.equal(bench.text, null)
      assert.deepEqual(new Uint8Array(bench.sample.payload), payload)
    }
  })

  it('names the line that is no header; nothing is sent then', async () => {
    const { deps } = placeWith()
    const headers = 'X-Kind: a: b\r\n\r\nno header\r\n'
    const bench = await openBench(deps, hookOf(), { headers }, undefined)
    assert.deepEqual({ ...bench.sample.headers }, { 'x-kind': 'a: b' })
    assert.throws(() => sampleToSend(bench), { code: 'unprocessable', message: /^Line 3 of the headers/ })
  })
})
