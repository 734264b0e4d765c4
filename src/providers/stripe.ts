import type { View, ViewObject } from '../payload/view.ts'
import { at, type Preset, textAt } from './preset.ts'

/** docs.stripe.com/api/events; every event has the same frame around the object it is about. */
export const stripe: Preset = {
  scheme: 'stripe',
  eventOf: (payload) => textAt(payload, 'type'),
  messages: {},
  otherwise: {
    template: `Stripe{{^livemode}} (test mode){{/livemode}}: {{type}}{{#money}}, {{money}}{{/money}}
{{kind}} {{data.object.id}}{{#data.object.status}}, {{data.object.status}}{{/data.object.status}}{{#data.object.customer}}, customer {{data.object.customer}}{{/data.object.customer}}
{{#reason}}
Reason: {{reason}}
{{/reason}}
{{#data.object.description}}
{{data.object.description}}
{{/data.object.description}}
{{#data.object.hosted_invoice_url}}
{{data.object.hosted_invoice_url}}
{{/data.object.hosted_invoice_url}}
Event {{id}}`,
    only: { path: 'data.object', exists: true },
    derive: (payload) => derived(at(payload, 'data.object')),
  },
}

const derived = (object: View): ViewObject => ({
  kind: textAt(object, 'object').replaceAll('_', ' ').replaceAll('.', ' '),
  money: money(object),
  reason:
    textAt(object, 'last_payment_error.message') ||
    textAt(object, 'failure_message') ||
    textAt(object, 'cancellation_details.reason') ||
    textAt(object, 'reason'),
})

/** docs.stripe.com/currencies: amounts are in the smallest unit, and some currencies have no smaller one. */
const wholeCurrencies = 'bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf'.split(' ')
const thousandthCurrencies = ['bhd', 'jod', 'kwd', 'omr', 'tnd']

function money(object: View): string {
  const amounts = ['amount', 'amount_total', 'amount_due'].map((name) => at(object, name))
  const amount = amounts.find((value) => typeof value === 'number')
  const currency = textAt(object, 'currency')
  if (amount === undefined || currency === '') return ''
  const places = wholeCurrencies.includes(currency) ? 0 : thousandthCurrencies.includes(currency) ? 3 : 2
  return `${(amount / 10 ** places).toFixed(places)} ${currency.toUpperCase()}`
}
