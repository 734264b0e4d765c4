import { isList, type View } from '../payload/view.ts'
import { jsonAnswer, memberOfSmall } from './answer.ts'
import { namedInBody } from './named-in-body.ts'
import { firstFew, textAt } from './preset.ts'
import { claimed, single } from './request.ts'
import type { Sender } from './sender.ts'
import { bearerScheme, showsSecret } from './shared-secret.ts'

/** Event Grid sends lists of events, most of one. */
const eventsIn = (payload: View): readonly View[] => (isList(payload) ? payload : [payload])

/** learn.microsoft.com, "Event delivery to webhooks". Events in the CloudEvents schema are of the sender `cloudevents`. */
export const azureEventGrid: Sender = {
  title: 'Azure Event Grid',
  scheme: {
    ...bearerScheme,
    options: ['header', 'prefix'],
    verify: (config, request) => (showsSecret(config, request) ? {} : undefined),
    inspect: namedInBody(claimed, '0', 'id'),
    echoes: true,
    /** "Endpoint validation with Event Grid events". */
    handshake: (_, request) => {
      const code = memberOfSmall(request, '0', 'data', 'validationCode')
      return single(request, 'aeg-event-type') === 'SubscriptionValidation' && isCode(code)
        ? jsonAnswer({ validationResponse: code })
        : undefined
    },
  },
  preset: {
    eventOf: (payload) =>
      eventsIn(payload).length === 0 ? 'empty list' : textAt(eventsIn(payload)[0] ?? null, 'eventType'),
    nothingIn: { 'empty list': 'there is no event in it' },
    messages: {},
    otherwise: {
      template: `Azure Event Grid:
{{#shown}}
- {{eventType}}{{^eventType}}{{type}}{{^type}}an event without a type{{/type}}{{/eventType}}{{#subject}}: {{subject}}{{/subject}}{{#eventTime}} ({{eventTime}}){{/eventTime}}
{{/shown}}
{{#more}}
- and {{more}} more
{{/more}}`,
      derive: (payload) => ({ events: eventsIn(payload), ...firstFew(eventsIn(payload), 10) }),
    },
  },
  sample: {
    headers: { 'aeg-event-type': 'Notification' },
    body: [
      {
        id: '831e1650-001e-001b-66ab-eeb76e069631',
        eventType: 'Microsoft.Storage.BlobCreated',
        subject: '/blobServices/default/containers/invoices/blobs/1.pdf',
        eventTime: '2026-11-21T10:00:00Z',
        data: { api: 'PutBlob' },
      },
    ],
  },
}

const isCode = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]{1,256}$/.test(value)
