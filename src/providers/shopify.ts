import { hmacScheme } from './hmac.ts'
import { firstLine, firstText, given, line, lines, textAt } from './preset.ts'
import type { Sender } from './sender.ts'

/** shopify.dev, "Deliver webhooks through HTTPS". */
export const shopify: Sender = {
  title: 'Shopify',
  scheme: {
    ...hmacScheme({ header: 'x-shopify-hmac-sha256', encoding: 'base64', idHeader: 'x-shopify-webhook-id' }),
    ownSecret: true,
  },
  /** shopify.dev/docs/api/webhooks: the topic is in a header, the body is the thing itself. */
  preset: {
    eventOf: (_payload, header) => header('x-shopify-topic') ?? '',
    messages: {},
    otherwise: {
      template: lines(
        `Shopify: {{event}}{{^event}}an event without a topic{{/event}}{{#thing}}: {{thing}}{{/thing}}${given(', ', 'money')}{{#status}} ({{status}}){{/status}}`,
        line('email', 'Email: '),
        line('id', 'Id '),
      ),
      derive: (payload) => ({
        thing: firstLine(firstText(payload, 'name', 'title', 'handle')),
        money: [firstText(payload, 'total_price', 'amount'), textAt(payload, 'currency')].join(' ').trim(),
        status: [textAt(payload, 'financial_status'), firstText(payload, 'fulfillment_status', 'status')]
          .filter((one) => one !== '')
          .join(', '),
        email: firstText(payload, 'email', 'customer.email'),
      }),
    },
  },
  sample: {
    headers: { 'x-shopify-topic': 'orders/create' },
    body: { id: 8209829119, name: '#9999', total_price: '403.00', currency: 'USD' },
  },
}
