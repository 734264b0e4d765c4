import { isFresh, unixTime } from '../auth/freshness.ts'
import { isSigned } from '../auth/mac.ts'
import { isObject, type View, type ViewObject } from '../payload/view.ts'
import { moneyText } from './money.ts'
import { namedInBody } from './named-in-body.ts'
import { at, firstLine, firstText, given, line, lines, textAt } from './preset.ts'
import { dated, vouched } from './request.ts'
import type { Sender, Verify } from './sender.ts'
import { fieldsIn, signatureOf, signaturesIn, valuesOf } from './signature-list.ts'
import { flawOfTime, missingHeader, wrongSignature } from './unproven.ts'

/** docs.stripe.com/webhooks/signature: `t=<seconds>,v1=<hex>,v1=<hex>`; `whsec_…` is the key as it stands. */
const verify: Verify = async (config, request) => {
  const fields = fieldsIn(request.header('stripe-signature'))
  const [time = '', ...more] = valuesOf(fields, 't')
  if (more.length > 0 || !isFresh(unixTime(time), request.now, config.toleranceSeconds ?? 300))
    return undefined
  return (await isSigned(config.secrets, [time, '.', request.rawBody], signaturesIn(fields)))
    ? dated(request, time, {})
    : undefined
}

export const stripe: Sender = {
  title: 'Stripe',
  scheme: {
    proof: 'HMAC-SHA256 of `{timestamp}.{body}` in `stripe-signature`',
    toleranceSeconds: 300,
    ownSecret: true,
    verify,
    whyNot: (config, request) => {
      const fields = fieldsIn(request.header('stripe-signature'))
      const [time = ''] = valuesOf(fields, 't')
      return (
        missingHeader(request, 'stripe-signature') ??
        flawOfTime(unixTime(time), request.now, config.toleranceSeconds ?? 300) ??
        wrongSignature
      )
    },
    inspect: namedInBody((_, id) => vouched(id), 'id'),
    sign: (config, { now, rawBody }) => {
      const time = String(Math.floor(now / 1000))
      return { 'stripe-signature': `t=${time},${signatureOf(config, [time, '.', rawBody])}` }
    },
  },
  /**
   * docs.stripe.com/api/events: every event has the same frame around the object it is about. Of a thin event
   * (docs.stripe.com/event-destinations) that frame holds only where the object is.
   */
  preset: {
    eventOf: (payload) => textAt(payload, 'type'),
    messages: {},
    otherwise: {
      template: lines(
        `Stripe{{#isTest}} (test mode){{/isTest}}: {{event}}{{^event}}an event without a type{{/event}}${given(', ', 'money')}`,
        `{{#object}}\n{{object}}${given(', ', 'data.object.status')}${given(', customer ', 'customer')}${given(', charge ', 'charge')}${given(', account ', 'account')}\n{{/object}}`,
        line('changed', 'Changed: '),
        line('reason', 'Reason: '),
        line('data.object.description'),
        line('data.object.hosted_invoice_url'),
        line('id', 'Event '),
      ),
      derive: derived,
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

function derived(payload: View): ViewObject {
  const thin = at(payload, 'related_object')
  const object = at(payload, 'data.object')
  const kind = textAt(object, 'object') || textAt(thin, 'type')
  const id = textAt(object, 'id') || textAt(thin, 'id')
  return {
    isTest: at(payload, 'livemode') === false,
    kind: kind.replace(/[_.]/g, ' '),
    object: `${kind.replace(/[_.]/g, ' ')} ${id}`.trim(),
    charge: firstText(object, 'charge', 'charge.id'),
    changed: changedIn(at(payload, 'data.previous_attributes')),
    customer: firstText(object, 'customer', 'customer.id'),
    money: money(object),
    reason:
      firstText(
        object,
        ...['last_payment_error.message', 'last_setup_error.message', 'failure_message'],
        ...['cancellation_details.reason', 'cancellation_reason', 'reason', 'fraud_type'],
      ) || textAt(payload, 'data.developer_message_summary'),
  }
}

/** What an update changed, with what was there before: `status (was active), items`. */
const changedIn = (before: View): string =>
  Object.entries(isObject(before) ? before : {})
    .slice(0, 10)
    .map(([name, old]) => (typeof old === 'string' && old ? `${name} (was ${firstLine(old)})` : name))
    .join(', ')

function money(object: View): string {
  const amounts = ['amount', 'amount_total', 'amount_due'].map((name) => at(object, name))
  const amount = amounts.find((value) => typeof value === 'number')
  const currency = textAt(object, 'currency')
  return amount === undefined || currency === '' ? '' : moneyText(amount, currency)
}
