import type { Code } from '../../domain/error.ts'
import { Problem } from '../models/knocks.ts'
import { problemBody } from '../problem.ts'

/** The refusals that routes document, each by one of the codes of its status. */
const meanings: Partial<Readonly<Record<Code, string>>> = {
  malformed: 'Not JSON, or not UTF-8',
  unauthorized: 'No credential, or a bad one',
  forbidden: 'Not allowed: one identical answer, whatever was wrong',
  not_found: 'There is no such thing',
  method_not_allowed: 'Another method is wanted; Allow says which',
  in_flight: 'It cannot be done now, or the idempotency key was used with another message',
  session_ended: 'The session has ended',
  too_large: 'The body is too large',
  unsupported_media_type: 'Another content type is wanted',
  host_not_allowed: 'This server does not answer to that Host',
  unprocessable: 'JSON of the wrong shape',
  rate_limited: 'Too often; Retry-After says when',
  delivery_failed: 'Stored, but it could not be delivered',
  store_unavailable: 'It cannot be stored now; Retry-After says when',
}

/** `components.responses`: each refusal stands there once. */
export const problemResponses = (): Readonly<Record<string, object>> => ({
  ...Object.fromEntries(
    (Object.keys(meanings) as Code[]).map((code) => {
      const body = problemBody(code, `${meanings[code]}.`)
      return [`Problem${body.status}`, responseOf(body, meanings[code] ?? '')]
    }),
  ),
  Problem: responseOf(
    problemBody('internal', 'Something went wrong here; the log has it under this request id.'),
    'Any other refusal, an error of the server’s own among them',
  ),
})

/** What an operation says of its refusals: references alone. */
export const problemRefs = (statuses: readonly number[]) => ({
  ...Object.fromEntries(statuses.map((status) => [status, refTo(`Problem${status}`)])),
  default: refTo('Problem'),
})

const refTo = (name: string) => ({ $ref: `#/components/responses/${name}` })

const responseOf = (example: ReturnType<typeof problemBody>, description: string) => ({
  description,
  ...headersOf(example.status),
  content: { 'application/problem+json': { schema: Problem, example } },
})

function headersOf(status: number): object {
  if (status === 405) return { headers: { Allow: header('The methods of this path', 'string', 'POST') } }
  if (status !== 429 && status !== 503) return {}
  return { headers: { 'Retry-After': header('Seconds to wait', 'integer', 2) } }
}

const header = (description: string, type: string, example: unknown) => ({
  description,
  schema: { type, example },
})
