import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Respond } from '../../../src/domain/hook.ts'
import { respondTo } from '../../../src/http/routes/respond.ts'

const hostile = 'a "b" \\ </Response>&\n'
const body = {
  status: 'accepted',
  deliveryId: 'whd_1',
  session: 'build',
  response: hostile,
  reason: undefined,
}
const told = { body, status: 202, replayed: false }

describe('respondTo', () => {
  const cases: readonly (readonly [respond: Respond, status: number, type: string | null, text: string])[] = [
    [{ status: 200, body: '' }, 200, null, ''],
    [{ status: 204, body: '' }, 204, null, ''],
    [{ body: 'ok {{deliveryId}}{{reason}}' }, 202, 'text/plain; charset=utf-8', 'ok whd_1'],
    [
      { body: '{{#accepted}}yes{{/accepted}}{{^ignored}}!{{/ignored}}' },
      202,
      'text/plain; charset=utf-8',
      'yes!',
    ],
    [{ contentType: 'text/plain', body: '{{response}}' }, 202, 'text/plain', hostile],
    [
      { contentType: 'application/json', body: '{"text":"{{response}}"}' },
      202,
      'application/json',
      JSON.stringify({ text: hostile }),
    ],
    [
      { contentType: 'text/xml', body: '<Response>{{response}}</Response>' },
      202,
      'text/xml',
      '<Response>a &#34;b&#34; \\ &#60;/Response&#62;&#38;\n</Response>',
    ],
    [
      { contentType: 'application/x-www-form-urlencoded', body: 'text={{response}}' },
      202,
      'application/x-www-form-urlencoded',
      `text=${encodeURIComponent(hostile)}`,
    ],
    [{ contentType: 'application/json', body: '{{{session}}}' }, 202, 'application/json', 'build'],
  ]
  for (const [respond, status, type, text] of cases)
    it(`answers ${JSON.stringify(respond)}`, async () => {
      const response = respondTo(respond, told)
      assert(response)
      assert.deepEqual(
        [response.status, response.headers.get('content-type'), await response.text()],
        [status, type, text],
      )
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
      assert.match(response.headers.get('content-security-policy') ?? '', /sandbox/)
    })

  it('says of a repeat that it is one', () => {
    const response = respondTo({ body: '' }, { ...told, replayed: true })
    assert.equal(response?.headers.get('idempotency-replayed'), 'true')
  })

  it('leaves it at the receipt without a body, and for one that grows too long', () => {
    assert.equal(respondTo({ status: 200 }, told), undefined)
    const long = { ...told, body: { ...body, response: 'x'.repeat(200_000) } }
    assert.equal(respondTo({ body: '{{response}}{{response}}' }, long), undefined)
  })
})
