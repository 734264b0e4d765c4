import { type TSchema, Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { Failure } from '../../domain/error.ts'
import { guarded, jsonResponse, type RequestGuard } from '../guard.ts'
import { operation } from '../openapi/operation.ts'

interface HealthDeps {
  /** Throws when a knock could not be stored now. */
  readonly probe: () => Promise<void>
  readonly draining: () => boolean
  /** Whether what others write to the store is heard at once; undefined for a store in a file. */
  readonly isListening: () => boolean | undefined
  /** Prometheus text exposition. */
  readonly metrics: () => Promise<string>
  /** Throws unless the request may see these pages. */
  readonly admit: (request: Request) => void
}

export const healthRoutes = (deps: HealthDeps, guard: RequestGuard) =>
  new Elysia()
    .get('/healthz', ({ request }) => guarded(guard, request, live), {
      detail: operation({
        ...{ tag: 'Health', id: 'live', summary: 'The process answers', answers: { 200: status } },
        description: 'Open to everybody.',
        refuses: [421],
      }),
    })
    .get('/readyz', ({ request }) => guarded(guard, request, () => ready(deps, request)), {
      detail: healthOperation('ready', 'Knocks can be stored now', readiness, [503]),
    })
    .get('/metrics', ({ request }) => guarded(guard, request, () => metrics(deps, request)), {
      detail: healthOperation(
        'metrics',
        'Prometheus metrics',
        Type.String({ description: 'The text exposition format', contentMediaType: 'text/plain' }),
      ),
    })

const healthOperation = (id: string, summary: string, answer: TSchema, refuses: readonly number[] = []) =>
  operation({
    ...{ tag: 'Health', id, summary, answers: { 200: answer } },
    description: 'Open to this machine while no public URL is set; elsewhere as configured.',
    refuses: [401, 404, 421, ...refuses],
  })

const status = Type.Object({ status: Type.String({ example: 'ok' }) }, { description: 'Yes' })

const readiness = Type.Object(
  {
    status: Type.String({ example: 'ready' }),
    listening: Type.Optional(
      Type.Boolean({
        description:
          'Whether what others write to a store in PostgreSQL is heard at once, instead of by looking',
      }),
    ),
  },
  { description: 'Yes' },
)

const live = (): Response => jsonResponse({ status: 'ok' })

async function ready(deps: HealthDeps, request: Request): Promise<Response> {
  deps.admit(request)
  if (deps.draining()) throw new Failure('draining', 'The server is stopping.')
  await deps.probe()
  const listening = deps.isListening()
  return jsonResponse({ status: 'ready', ...(listening !== undefined && { listening }) })
}

async function metrics(deps: HealthDeps, request: Request): Promise<Response> {
  deps.admit(request)
  return new Response(await deps.metrics(), {
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' },
  })
}
