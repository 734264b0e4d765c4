import { hmacScheme } from './hmac.ts'
import type { Sender } from './sender.ts'

/** shopify.dev, "Deliver webhooks through HTTPS". */
export const shopify: Sender = {
  title: 'Shopify',
  scheme: {
    ...hmacScheme({ header: 'x-shopify-hmac-sha256', encoding: 'base64', idHeader: 'x-shopify-webhook-id' }),
    ownSecret: true,
  },
  sample: {
    headers: { 'x-shopify-topic': 'orders/create' },
    body: { id: 8209829119, name: '#9999', total_price: '403.00', currency: 'USD' },
  },
}
