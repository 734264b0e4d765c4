import { hmacScheme } from './hmac.ts'
import { namedInBody } from './named-in-body.ts'
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
  sample: {
    headers: {},
    body: { type: 'payment.created', event_id: '6a8f5f28-54a1', data: { type: 'payment', id: 'KkAkhdMs' } },
  },
}
