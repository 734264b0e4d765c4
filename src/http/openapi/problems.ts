import type { Code } from '../../domain/error.ts'
import { Problem } from '../models/knocks.ts'
import { problemBody } from '../problem.ts'

/** The refusals that routes document: for each status one of its codes. */
const documented: readonly Code[] = [
  ...(['malformed', 'unauthorized', 'forbidden', 'not_found', 'method_not_allowed', 'in_flight'] as const),
  ...(['session_ended', 'too_large', 'unsupported_media_type', 'host_not_allowed', 'unprocessable'] as const),
  ...(['rate_limited', 'delivery_failed', 'store_unavailable', 'unsupported'] as const),
]

/** `components.responses`: each refusal stands there once. */
export const problemResponses = (): Readonly<Record<string, object>> => ({
  ...Object.fromEntries(
    documented.map((code) => {
      const body = problemBody(code, 'What was wrong, and what would be right.')
      return [`Problem${body.status}`, responseOf(body)]
    }),
  ),
  Problem: responseOf(
    problemBody('internal', 'Something went wrong here; the log has it under this request id.'),
  ),
})

/** What an operation says of its refusals: references alone. */
export const problemRefs = (statuses: readonly number[]) => ({
  ...Object.fromEntries(statuses.map((status) => [status, refTo(`Problem${status}`)])),
  default: refTo('Problem'),
})

const refTo = (name: string) => ({ $ref: `#/components/responses/${name}` })

const responseOf = (example: ReturnType<typeof problemBody>) => ({
  description: example.title,
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
