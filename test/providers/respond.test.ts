import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { respondTo } from '../../src/http/routes/respond.ts'
import { parseJson } from '../../src/payload/json.ts'
import { senders } from '../../src/providers/index.ts'

const receipts = {
  accepted: { status: 'accepted', deliveryId: 'whd_1', session: 'build' },
  ignored: { status: 'ignored', reason: 'title is not "x"' },
}

/** What a sender is answered for a payload: status, type and body. */
async function answerOf(sender: string, payload: object, receipt: keyof typeof receipts = 'accepted') {
  const view = await parseJson(JSON.stringify(payload), async () => {})
  const respond = senders.get(sender)?.respond?.(view)
  const response = respond && respondTo(respond, { body: receipts[receipt], status: 202, replayed: false })
  return response
    ? [response.status, response.headers.get('content-type'), await response.text()]
    : [respond?.status]
}

const json = 'application/json'
const passed = 'Passed on to the agent.'
const xml = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'

describe('what a sender is answered', () => {
  const cases: readonly (readonly [sender: string, payload: object, answer: readonly unknown[]])[] = [
    [
      'slack',
      { command: '/deploy', text: 'now' },
      [200, json, `{"response_type":"ephemeral","text":"${passed}"}`],
    ],
    ['slack', { type: 'view_submission' }, [200, null, '']],
    ['slack', { type: 'block_suggestion' }, [200, json, '{"options":[]}']],
    ['slack', { type: 'event_callback', event: {} }, [200]],
    ['discord', { type: 2, data: {} }, [200, json, `{"type":4,"data":{"flags":64,"content":"${passed}"}}`]],
    ['discord', { type: 4 }, [200, json, '{"type":8,"data":{"choices":[]}}']],
    ['discord', { type: 1, event: { type: 'ENTITLEMENT_CREATE' } }, [204, null, '']],
    ['microsoft-teams', { type: 'message' }, [200, json, `{"type":"message","text":"${passed}"}`]],
    ['twilio', { Body: 'hi' }, [200, 'text/xml', xml]],
    ['linear', {}, [200]],
    ['meta', {}, [200]],
    ['zoom', {}, [200]],
    ['github', {}, [undefined]],
  ]
  for (const [sender, payload, answer] of cases)
    it(`${sender} for ${JSON.stringify(payload)}`, async () => {
      assert.deepEqual(await answerOf(sender, payload), answer)
    })

  for (const [sender, payload] of [
    ['slack', { command: '/deploy' }],
    ['discord', { type: 2 }],
    ['microsoft-teams', {}],
  ] as const)
    it(`${sender} shows that it was not passed on, as JSON whatever the reason`, async () => {
      const [status, , text] = await answerOf(sender, payload, 'ignored')
      assert.equal(status, 200)
      assert.match(JSON.stringify(JSON.parse(String(text))), /Not passed on: title is not \\"x\\"\./)
    })
})
