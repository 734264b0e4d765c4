import { isSigned } from '../auth/mac.ts'
import { memberIn } from '../payload/json.ts'
import { vouched } from './request.ts'
import type { Sender } from './sender.ts'
import { fieldsIn, signatureOf, signaturesIn } from './signature-list.ts'

/** developer.pagerduty.com, "Verifying webhook signatures": `v1=<hex>,v1=<hex>` over the body. */
export const pagerduty: Sender = {
  title: 'PagerDuty',
  scheme: {
    proof: 'HMAC-SHA256 of `{body}` in `x-pagerduty-signature`',
    ownSecret: true,
    verify: (config, request) => {
      const fields = fieldsIn(request.header('x-pagerduty-signature'))
      return isSigned(config.secrets, [request.rawBody], signaturesIn(fields))
        ? vouched(memberIn(request.rawBody, 'event', 'id'))
        : undefined
    },
    sign: (config, { rawBody }) => ({ 'x-pagerduty-signature': signatureOf(config, [rawBody]) }),
  },
  sample: {
    headers: {},
    body: { event: { id: '01BPV3', event_type: 'incident.triggered', data: { title: 'Disk full' } } },
  },
}
