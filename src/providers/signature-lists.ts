import { fromHex } from '../auth/encodings.ts'
import { isFresh, unixTime } from '../auth/freshness.ts'
import { isSigned } from '../auth/mac.ts'
import { memberIn } from '../payload/json.ts'
import { type Check, dated, single, vouched } from './request.ts'

/** docs.stripe.com/webhooks/signature: `t=<seconds>,v1=<hex>,v1=<hex>`; `whsec_…` is the key as it stands. */
export const stripe: Check = (config, request) => {
  const fields = fieldsIn(single(request, 'stripe-signature'))
  const [time = '', ...more] = valuesOf(fields, 't')
  if (more.length > 0 || !isFresh(unixTime(time), request.now, config.toleranceSeconds ?? 300))
    return undefined
  return isSigned(config.secrets, [time, '.', request.rawBody], signaturesIn(fields))
    ? dated(request, time, vouched(memberIn(request.rawBody, 'id')))
    : undefined
}

/** developer.pagerduty.com, "Verifying webhook signatures": `v1=<hex>,v1=<hex>` over the body. */
export const pagerduty: Check = (config, request) => {
  const fields = fieldsIn(single(request, 'x-pagerduty-signature'))
  return isSigned(config.secrets, [request.rawBody], signaturesIn(fields))
    ? vouched(memberIn(request.rawBody, 'event', 'id'))
    : undefined
}

/** More than any rotation needs; each one costs a comparison. */
const maxFields = 16

type Field = readonly [name: string, value: string]

function fieldsIn(header: string | undefined): readonly Field[] {
  const fields = (header ?? '').split(',').map((field): Field => {
    const [name = '', ...value] = field.split('=')
    return [name, value.join('=')]
  })
  return fields.length > maxFields ? [] : fields
}

const valuesOf = (fields: readonly Field[], wanted: string): readonly string[] =>
  fields.filter(([name]) => name === wanted).map(([, value]) => value)

const signaturesIn = (fields: readonly Field[]): readonly Uint8Array[] =>
  valuesOf(fields, 'v1')
    .map(fromHex)
    .filter((signature) => signature !== undefined)
