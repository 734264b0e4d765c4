import { filterPaths, registerSchemaPath } from '@elysiajs/swagger/utils'
import type { InternalRoute } from 'elysia'
import type { Hook } from '../../domain/hook.ts'
import { components } from './components.ts'
import { hookPath, hookScheme } from './hook-operation.ts'
import { answersOf, bodyOf } from './operation.ts'
import { problemRefs, problemResponses } from './problems.ts'

interface Documented {
  readonly version: string
  readonly publicUrl: string | undefined
  /** Below which this server is asked for the document, without a slash at its end. */
  readonly path: string
  readonly routes: readonly Route[]
  readonly hooks: readonly Hook[]
  /** Every kind of session. */
  readonly drivers: readonly string[]
}

export type Route = Pick<InternalRoute, 'path' | 'method' | 'hooks'>

/**
 * The OpenAPI document of this very moment. The plugin's own endpoint remembers what it built as long as no route is
 * added, so hooks of a changed configuration would never show: its parts are used instead of the whole.
 */
export function openApiDocument({ version, publicUrl, path, routes, hooks, drivers }: Documented): object {
  const { schemas, resolved } = components({
    paths: { ...routePaths(routes), ...Object.fromEntries(hooks.map(hookPath)) },
    responses: problemResponses(),
  })
  return {
    openapi: '3.0.3',
    info: {
      title: 'Postern',
      version,
      description:
        'A narrow door into running agents. A capability URL lets its holder say one kind of thing to one session; hooks turn other systems’ webhooks into messages.',
      contact: { name: 'The operator of this server' },
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    // Relative to the document, so that the page may ask it (`connect-src 'self'`).
    servers: [{ url: path || '/' }, ...(publicUrl === undefined ? [] : [{ url: publicUrl }])],
    tags: tagsWith(drivers).map(([name, description]) => ({ name, description })),
    paths: resolved.paths,
    components: {
      schemas,
      responses: resolved.responses,
      securitySchemes: { ...securitySchemes, ...Object.assign({}, ...hooks.map(hookScheme)) },
    },
  }
}

const tagsWith = (drivers: readonly string[]): readonly (readonly [name: string, description: string])[] => [
  ['Channels', 'Capability URLs: one holder, one session, one verb.'],
  ['Hooks', 'Webhooks of other systems; each configured hook under its own name.'],
  ['Deliveries', 'The durable record of every accepted knock.'],
  ['Decisions', 'What agents ask of people.'],
  ['Refusals', 'Knocks that were turned away, and why.'],
  ['Notices', 'Who was told what happened.'],
  ['Grants', 'Minted permissions.'],
  ['Sessions', `Agents that can take input. Drivers: ${drivers.join(', ')}.`],
  ['Hosts', 'Machines with agents of their own that join this door.'],
  ['Agents', 'What an agent in a session does for itself: it waits, and reads what came.'],
  ['Health', 'Liveness, readiness, metrics.'],
  ['Dashboard', 'For people.'],
]

const securitySchemes = {
  adminToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'The admin token: everything below /api but the hooks.',
  },
  hookSecret: { type: 'http', scheme: 'bearer', description: 'The shared secret of the webhooks.' },
  knockToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'The token of a capability URL: its last segment.',
  },
  agentToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'The capability of an agent in a session of Postern.',
  },
}

type Paths = Parameters<typeof registerSchemaPath>[0]['schema']

function routePaths(routes: readonly Route[]): Record<string, unknown> {
  const paths: Paths = {}
  for (const route of routes) if (route.hooks?.detail?.hide !== true) register(paths, route)
  return filterPaths(paths, { excludeStaticFile: false, exclude: [] })
}

/** The plugin makes parameters of the models; bodies and answers it would call JSON, forms and text at once. */
function register(paths: Paths, { path, method, hooks }: Route): void {
  const { detail, params, query, body, response } = hooks ?? {}
  const refused = [...(body ? [400, 413, 415] : []), ...(params ? [404] : [])]
  const responses = { ...answersOf(response ?? {}), ...problemRefs(refused), ...detail?.responses }
  registerSchemaPath({
    schema: paths,
    path,
    method: method as never,
    hook: {
      params,
      query,
      detail: {
        ...detail,
        responses,
        ...(body && { requestBody: bodyOf(body, { required: body.required !== undefined }) }),
      },
    },
    models: {},
  })
}
