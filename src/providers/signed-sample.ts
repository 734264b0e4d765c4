import type { VerifyConfig } from '../domain/verify.ts'
import type { SignedRequest } from './request.ts'
import type { Sample, Scheme } from './sender.ts'

const formType = 'application/x-www-form-urlencoded'

/** The sender's sample as the sender would send it now; undefined where nobody else can make its proof. */
export function signedSample(
  scheme: Pick<Scheme, 'sign'>,
  { body, headers }: Sample,
  config: VerifyConfig,
  now: number,
): SignedRequest | undefined {
  const unsigned = {
    url: 'https://postern.example/api/hooks/sample',
    rawBody: sampleBytes({ body, headers }),
    headers,
    now,
  }
  const signed = withProof(scheme, unsigned, config)
  return signed && { ...signed, header: headersOf(signed.headers) }
}

export interface Unsigned extends Pick<SignedRequest, 'url' | 'rawBody' | 'now'> {
  /** Names in any case. */
  readonly headers: Readonly<Record<string, string>>
}

/** The same request with the headers that prove it now; undefined where nobody but the sender can make them. */
export function withProof(
  { sign }: Pick<Scheme, 'sign'>,
  { rawBody, now, ...unsigned }: Unsigned,
  config: VerifyConfig,
): (Unsigned & { readonly method: 'POST' }) | undefined {
  const headers = { ...signedHeaders(config), ...unsigned.headers }
  const request = { method: 'POST', url: config.url ?? unsigned.url, rawBody, now } as const
  const proof = sign?.(config, { ...request, header: headersOf(headers) })
  return proof && { ...request, headers: { ...headers, ...proof } }
}

/** The body of a sample as its content type says. */
export function sampleBytes({ body, headers }: Sample): Uint8Array {
  const isForm = headers['content-type'] === formType
  return new TextEncoder().encode(
    isForm ? new URLSearchParams(Object.entries(body)).toString() : JSON.stringify(body),
  )
}

/** Whatever the string to sign names of other headers has to be there. */
const signedHeaders = ({ signed = '' }: VerifyConfig): Readonly<Record<string, string>> =>
  Object.fromEntries([...signed.matchAll(/\{header:([A-Za-z0-9-]+)\}/g)].map(([, name = '']) => [name, 'x']))

/** As they arrive: HTTP carries no control characters, and no space at an end. */
function headersOf(headers: Readonly<Record<string, string>>): SignedRequest['header'] {
  const byName = new Map(
    Object.entries(headers)
      .filter(([, value]) => !/\p{Cc}/u.test(value))
      .map(([name, value]) => [name.toLowerCase(), value.trim()]),
  )
  return (name) => byName.get(name)
}
