import type { TSchema } from '@sinclair/typebox'
import { type ValueError, ValueErrorType } from '@sinclair/typebox/errors'
import { Elysia, ParseError, ValidationError } from 'elysia'
import { Failure } from '../domain/error.ts'
import { suggestion } from '../domain/nearest.ts'
import { mediaTypeOf } from '../payload/text.ts'
import { readJsonObject } from './body.ts'
import type { AdminCheck } from './credentials.ts'
import { type RequestGuard, refusal } from './guard.ts'

const maxBodyBytes = 1_048_576

/**
 * Where routes below `/api` begin: Host, Origin and the admin token come before anything else of a request, and
 * whatever is thrown becomes a problem document. A route with a body has `parse: json` beside its model, a route without one has `noBody`.
 */
export function createAdminApi(admin: AdminCheck, guard: RequestGuard) {
  const admit = (request: Request) => {
    guard.hosts.check(request)
    admin.require(request)
  }
  const jsonUpTo =
    (bytes: number) =>
    ({ request }: { readonly request: Request }) => {
      // Elysia reads the body before it transforms.
      admit(request)
      return readJsonObject(request, bytes)
    }
  const json = jsonUpTo(maxBodyBytes)
  const api = createApi(guard)
    .onTransform(({ request }) => admit(request))
    // The body has been read by now; what the admin asks for may take its time.
    .onBeforeHandle(({ request }) => guard.keepOpen(request))
  return { api, json, jsonUpTo, noBody: { parse: 'none', transform: refuseMembers } as const }
}

/** Bytes that do not call themselves JSON say nothing, and are left alone. */
async function refuseMembers({ request }: { readonly request: Request }): Promise<void> {
  if (mediaTypeOf(request.headers.get('content-type') ?? '') !== 'application/json') return
  const members = Object.keys(await readJsonObject(request, maxBodyBytes))
  if (members.length > 0) throw new Failure('unprocessable', 'There is no member here.')
}

/** As `createAdminApi`, for routes that check by themselves, because they admit others than the admin. */
export const createApi = <Prefix extends string = '/api'>(guard: RequestGuard, prefix = '/api' as Prefix) =>
  new Elysia({ prefix, normalize: false }).onError(({ request, error }) =>
    refusal(guard, request, refusalOf(error)),
  )

function refusalOf(thrown: unknown): unknown {
  if (thrown instanceof ParseError) return thrown.cause
  return thrown instanceof ValidationError ? misfit(thrown) : thrown
}

/** Names the member and what would be right, never what was sent. */
function misfit({ type, validator, value }: ValidationError): unknown {
  const errors = 'Errors' in validator ? [...validator.Errors(value)] : []
  const error = errors.find(isUnknown) ?? errors[0]
  if (!error) return new Failure('unprocessable', 'The request has the wrong shape.')
  const kind = type === 'query' ? 'query parameter' : 'member'
  return new Failure('unprocessable', isUnknown(error) ? unknown(error, kind) : wrong(error))
}

const isUnknown = ({ type }: ValueError): boolean => type === ValueErrorType.ObjectAdditionalProperties

function unknown({ path, schema }: ValueError, kind: string): string {
  const properties: Record<string, TSchema> = schema.properties ?? {}
  const known = Object.entries(properties).filter(([, { deprecated }]) => deprecated !== true)
  if (known.length === 0) return `There is no ${kind} here.`
  return `There is an unknown ${kind}. ${suggestion(
    nameIn(path),
    known.map(([name]) => name),
  )}`
}

const wrong = ({ path, schema, message }: ValueError): string =>
  `"${nameIn(path)}" ${schema.errorMessage ?? message}.`

const nameIn = (path: string): string => path.slice(1).replaceAll('~1', '/').replaceAll('~0', '~')
