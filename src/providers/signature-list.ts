import { fromHex } from '../auth/encodings.ts'
import { macOf, type Part } from '../auth/mac.ts'
import type { VerifyConfig } from '../domain/verify.ts'

// The header of Stripe and PagerDuty: `t=<time>,v1=<hex>,v1=<hex>`.

/** More than any rotation needs; each one costs a comparison. */
const maxFields = 16

type Field = readonly [name: string, value: string]

/** Proxies join header lines by `, `, and some put a space behind every comma. */
export function fieldsIn(header: string | undefined): readonly Field[] {
  const texts = (header ?? '').split(/, ?/)
  if (texts.length > maxFields || !texts.every((text) => text.includes('='))) return []
  return texts.map((text) => {
    const [name = '', ...value] = text.split('=')
    return [name, value.join('=')]
  })
}

export const valuesOf = (fields: readonly Field[], wanted: string): readonly string[] =>
  fields.filter(([name]) => name === wanted).map(([, value]) => value)

export const signaturesIn = (fields: readonly Field[]): readonly Uint8Array[] =>
  valuesOf(fields, 'v1')
    .map(fromHex)
    .filter((signature) => signature !== undefined)

export const signatureOf = ({ secrets: [secret = ''] }: VerifyConfig, parts: readonly Part[]): string =>
  `v1=${Buffer.from(macOf(secret, parts)).toString('hex')}`
