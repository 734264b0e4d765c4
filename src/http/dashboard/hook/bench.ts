import { Buffer } from 'node:buffer'
import { type DeliveryId, isDeliveryId } from '../../../domain/delivery.ts'
import { Failure } from '../../../domain/error.ts'
import type { Hook } from '../../../domain/hook.ts'
import { type Sample, sampleOf } from '../../../inbound/rehearse.ts'
import { exactText } from '../../../payload/text.ts'
import { sampleBytes } from '../../../providers/signed-sample.ts'
import { exampleFor } from '../../openapi/example.ts'
import { linesOf } from '../forms.ts'
import type { PageDeps } from '../page.ts'

/** What a hook is tried with, as its page's form says; what is undefined is as it is configured, or as it came. */
export interface Trial {
  /** Where the payload comes from: the id of a delivery, or `example`. */
  readonly from?: string | undefined
  readonly payload?: string | undefined
  /** A header on each line: `name: value`. */
  readonly headers?: string | undefined
  readonly template?: string | undefined
}

export const example = 'example'

/** A payload to try a hook with, and what can be changed of it. */
export interface Bench {
  readonly from: DeliveryId | typeof example
  readonly sample: Sample
  /** Null for what is too long to be edited, or no text; it is tried as it came. */
  readonly text: string | null
  readonly headers: string
  /** What is wrong with the headers, for people. */
  readonly problem: string | undefined
}

/** Longer payloads are not edited: a form could not bring them back. Characters. */
const longestEdited = 100_000

/** The payload that `trial` names and what was changed of it; `newest` where it names none that there is. */
export async function openBench(
  { store }: Pick<PageDeps, 'store'>,
  hook: Hook,
  trial: Trial,
  newest: DeliveryId | undefined,
): Promise<Bench> {
  const wanted = trial.from ?? newest
  const stored = wanted !== undefined && isDeliveryId(wanted) ? await storedSample(store, wanted) : undefined
  const from = stored && wanted !== undefined ? (wanted as DeliveryId) : example
  const given = stored ?? exampleSample(hook)
  const text = editable(given.payload)
  const headers = trial.headers === undefined ? headerLines(given.headers) : linesOf(trial.headers)
  const parsed = headersIn(headers)
  const edited = text !== null && trial.payload !== undefined ? linesOf(trial.payload) : text
  // Bytes that nobody changed stay as they came, with whatever ends their lines.
  const payload = edited === null || edited === linesOf(text) ? given.payload : Buffer.from(edited)
  return {
    from,
    sample: { payload, headers: parsed.headers },
    text: edited,
    headers,
    problem: parsed.problem,
  }
}

/** The bytes and headers to be sent. Throws `unprocessable`. */
export function sampleToSend({ sample, problem }: Bench): Sample {
  if (problem !== undefined) throw new Failure('unprocessable', problem)
  return sample
}

async function storedSample(store: PageDeps['store'], id: DeliveryId): Promise<Sample | undefined> {
  const record = await store.inspectDelivery(id)
  const sample = record && sampleOf(record)
  if (!sample) return undefined
  const { 'idempotency-key': _, 'x-request-id': __, prefer: ___, ...headers } = sample.headers
  return { ...sample, headers }
}

function exampleSample(hook: Hook): Sample {
  const sample = exampleFor(hook)
  const headers = { 'content-type': 'application/json', ...sample.headers }
  const isJson = headers['content-type'] === 'application/json'
  return {
    payload: isJson ? Buffer.from(JSON.stringify(sample.body, undefined, 2)) : sampleBytes(sample),
    headers,
  }
}

/** Null for what is too long, or not UTF-8. */
function editable(payload: Uint8Array): string | null {
  const text = exactText(payload, longestEdited)
  return text === undefined || text.includes('\0') ? null : text
}

const headerLines = (headers: Sample['headers']): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')

function headersIn(text: string): { readonly headers: Sample['headers']; readonly problem?: string } {
  const lines = text.split('\n').map((line) => line.trim())
  const wrong = lines.findIndex((line) => line !== '' && !headerLine.test(line))
  const headers = lines.flatMap((line) => {
    const [, name = '', value = ''] = headerLine.exec(line) ?? []
    return name === '' ? [] : [[name.toLowerCase(), value] as const]
  })
  return {
    headers: Object.fromEntries(headers),
    ...(wrong >= 0 && { problem: `Line ${wrong + 1} of the headers is not “name: value”.` }),
  }
}

/** RFC 9110 sections 5.1 and 5.5. */
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)$/
