import { isFresh, unixTime } from '../auth/freshness.ts'
import { memberIn } from '../payload/json.ts'
import { hmacScheme } from './hmac.ts'
import { claimed, dated, single } from './request.ts'
import type { Sender } from './sender.ts'

const signature = hmacScheme({ header: 'linear-signature' })

/** linear.app/developers/webhooks: the time is in the body, in milliseconds, good for a minute. Its id is not signed. */
export const linear: Sender = {
  title: 'Linear',
  scheme: {
    ...signature,
    toleranceSeconds: 60,
    ownSecret: true,
    verify: (config, request) => {
      if (!signature.verify(config, request)) return undefined
      const stamp = memberIn(request.rawBody, 'webhookTimestamp') ?? single(request, 'linear-timestamp')
      if (!isFresh(unixTime(String(stamp)), request.now, config.toleranceSeconds ?? 60)) return undefined
      const { deliveryId } = claimed(request, single(request, 'linear-delivery'))
      return dated(request, String(stamp), deliveryId === undefined ? {} : { deliveryId })
    },
    sign: (config, request) => ({
      ...signature.sign(config, request),
      'linear-timestamp': String(request.now),
    }),
  },
  /** linear.app/developers/webhooks: any other status counts as a failure. */
  respond: () => ({ status: 200 }),
  sample: {
    headers: { 'linear-event': 'Issue' },
    body: {
      action: 'create',
      type: 'Issue',
      data: { identifier: 'BIL-7', title: 'Totals are off by a cent' },
    },
  },
}
