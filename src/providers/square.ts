import { isObject, type View } from '../payload/view.ts'
import { hmacScheme } from './hmac.ts'
import { moneyText } from './money.ts'
import { namedInBody } from './named-in-body.ts'
import { at, firstLine, firstText, given, line, lines, textAt } from './preset.ts'
import { vouched } from './request.ts'
import type { Sender } from './sender.ts'

/** developer.squareup.com, "Verify and validate an event notification". */
export const square: Sender = {
  title: 'Square',
  scheme: {
    ...hmacScheme({
      header: 'x-square-hmacsha256-signature',
      encoding: 'base64',
      signed: '{url}{body}',
    }),
    inspect: namedInBody((_, id) => vouched(id), 'event_id'),
    ownSecret: true,
  },
  /** developer.squareup.com, "Webhook events reference": the thing stands in `data.object` under a name of its own. */
  preset: {
    eventOf: (payload) => textAt(payload, 'type'),
    messages: {},
    otherwise: {
      template: lines(
        `Square: {{event}}{{^event}}an event without a type{{/event}}${given(', ', 'money')}${given(' (', 'status', ')')}${given(': ', 'text')}`,
        line('thingId', 'Id '),
        line('page'),
      ),
      derive: (payload) => {
        const thing = thingIn(payload)
        return {
          money: moneyIn(thing),
          status: firstText(thing, 'status', 'state'),
          text: firstLine(firstText(thing, 'note', 'reason', 'title', 'description')),
          thingId: textAt(payload, 'data.id'),
          page: firstText(thing, 'receipt_url', 'public_url'),
        }
      },
    },
  },
  sample: {
    headers: {},
    body: { type: 'payment.created', event_id: '6a8f5f28-54a1', data: { type: 'payment', id: 'KkAkhdMs' } },
  },
}

function thingIn(payload: View): View {
  const holder = at(payload, 'data.object')
  return (isObject(holder) ? Object.values(holder)[0] : undefined) ?? null
}

function moneyIn(thing: View): string {
  const money = ['amount_money', 'total_money'].map((name) => at(thing, name)).find(isObject) ?? null
  const [amount, currency] = [at(money, 'amount'), textAt(money, 'currency')]
  return typeof amount === 'number' && currency !== '' ? moneyText(amount, currency) : ''
}
