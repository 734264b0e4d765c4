import { isFresh, unixTime } from '../auth/freshness.ts'
import { isSigned } from '../auth/mac.ts'
import { memberIn } from '../payload/json.ts'
import type { View, ViewObject } from '../payload/view.ts'
import { at, textAt } from './preset.ts'
import { dated, single, vouched } from './request.ts'
import type { Sender, Verify } from './sender.ts'
import { fieldsIn, signatureOf, signaturesIn, valuesOf } from './signature-list.ts'

/** docs.stripe.com/webhooks/signature: `t=<seconds>,v1=<hex>,v1=<hex>`; `whsec_…` is the key as it stands. */
const verify: Verify = (config, request) => {
  const fields = fieldsIn(single(request, 'stripe-signature'))
  const [time = '', ...more] = valuesOf(fields, 't')
  if (more.length > 0 || !isFresh(unixTime(time), request.now, config.toleranceSeconds ?? 300))
    return undefined
  return isSigned(config.secrets, [time, '.', request.rawBody], signaturesIn(fields))
    ? dated(request, time, vouched(memberIn(request.rawBody, 'id')))
    : undefined
}

export const stripe: Sender = {
  title: 'Stripe',
  scheme: {
    proof: 'HMAC-SHA256 of `{timestamp}.{body}` in `stripe-signature`',
    toleranceSeconds: 300,
    ownSecret: true,
    verify,
    sign: (config, { now, rawBody }) => {
      const time = String(Math.floor(now / 1000))
      return { 'stripe-signature': `t=${time},${signatureOf(config, [time, '.', rawBody])}` }
    },
  },
  /** docs.stripe.com/api/events; every event has the same frame around the object it is about. */
  preset: {
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
  },
  sample: {
    headers: {},
    body: {
      type: 'invoice.payment_failed',
      livemode: true,
      data: { object: { object: 'invoice', id: 'in_1', status: 'open', amount_due: 4200, currency: 'eur' } },
    },
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
