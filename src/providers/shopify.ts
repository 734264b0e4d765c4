import { digits, isDigits, type View } from '../payload/view.ts'
import { hmacScheme } from './hmac.ts'
import { at, firstLine, firstText, given, line, lines, textAt } from './preset.ts'
import type { Sender } from './sender.ts'

/** What events without a name are about, and what became of it. */
const details = ['order_id', 'inventory_item_id', 'location_id', 'available', 'note', 'cancel_reason']

function scalarAt(payload: View, name: string): string {
  const value = at(payload, name)
  if (isDigits(value)) return value[digits]
  return typeof value === 'string' || typeof value === 'number' ? firstLine(String(value)) : ''
}

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
    derive: (_payload, header) => ({ where: header('x-shopify-shop-domain') ?? '' }),
    messages: {},
    otherwise: {
      template: lines(
        `Shopify: {{event}}{{^event}}an event without a topic{{/event}}{{#where}} in {{where}}{{/where}}{{#thing}}: {{thing}}{{/thing}}${given(', ', 'money')}{{#status}} ({{status}}){{/status}}`,
        line('email', 'Email: '),
        line('details'),
        line('id', 'Id '),
      ),
      derive: (payload) => ({
        details: details
          .map((name) => [name.replaceAll('_', ' '), scalarAt(payload, name)])
          .filter(([, value]) => value !== '')
          .map((pair) => pair.join(' '))
          .join(', '),
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
