import { filterPaths, registerSchemaPath } from '@elysiajs/swagger/utils'
import type { InternalRoute } from 'elysia'
import type { Hook } from '../../domain/hook.ts'
import { schemeOf } from '../../providers/index.ts'
import type { Credential } from '../../providers/sender.ts'
import { exampleFor } from './example.ts'
import { type Detail, described, knockHeadersDescribed, knockRefusals, ref } from './openapi.ts'
import { schemas } from './schemas.ts'

export interface Documented {
  readonly version: string
  readonly publicUrl: string | undefined
  readonly routes: readonly Route[]
  readonly hooks: readonly Hook[]
}

export type Route = Pick<InternalRoute, 'path' | 'method' | 'hooks'>

/**
 * The OpenAPI document of this very moment. The plugin's own endpoint remembers what it built as long as no route is
 * added, so hooks of a changed configuration would never show: its parts are used instead of the whole.
 */
export function openApiDocument({ version, publicUrl, routes, hooks }: Documented): object {
  return {
    openapi: '3.0.3',
    info: {
      title: 'Postern',
      version,
      description:
        'A narrow door into running agents. A capability URL lets its holder say one kind of thing to one session; hooks turn other systems’ webhooks into messages.',
      contact: { name: 'Whoever keeps this server' },
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    // Relative to the document, so that the page may ask it (`connect-src 'self'`).
    servers: [{ url: '/' }, ...(publicUrl === undefined ? [] : [{ url: publicUrl }])],
    tags: tags.map(([name, description]) => ({ name, description })),
    paths: { ...routePaths(routes), ...Object.fromEntries(hooks.map(hookPath)) },
    components: {
      schemas,
      securitySchemes: { ...securitySchemes, ...Object.assign({}, ...hooks.map(ownScheme)) },
    },
  }
}

const tags: readonly (readonly [name: string, description: string])[] = [
  ['Channels', 'Capability URLs: one holder, one session, one verb.'],
  ['Hooks', 'Webhooks of other systems; each configured hook under its own name.'],
  ['Deliveries', 'The durable record of every accepted knock.'],
  ['Grants', 'Minted permissions.'],
  ['Sessions', 'Agents that can take input.'],
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
}

function routePaths(routes: readonly Route[]): Record<string, unknown> {
  const paths: Parameters<typeof registerSchemaPath>[0]['schema'] = {}
  for (const { path, method, hooks } of routes)
    if (hooks?.detail?.hide !== true)
      registerSchemaPath({
        schema: paths,
        path,
        method: method as never,
        hook: { detail: hooks?.detail },
        models: {},
      })
  return filterPaths(paths, { excludeStaticFile: false, exclude: [] })
}

/** A configured hook as an operation of its own. */
function hookPath(hook: Hook): readonly [string, { readonly post: Detail }] {
  const { body, headers } = exampleFor(hook)
  const operation = described({
    tag: 'Hooks',
    summary: hook.name,
    description: describe(hook),
    by: isBearer(hook) ? ['hookSecret'] : [],
    headers: [
      ...knockHeadersDescribed,
      ...Object.entries(headers).map(([name, example]) => ({
        name,
        description: 'Which event it is',
        schema: { type: 'string', example },
      })),
    ],
    body: { schema: { type: 'object' }, example: body },
    answers: {
      200: ['The turn is over, for who waited for it', ref('HookAnswer')],
      202: ['Stored, or ignored', ref('HookAnswer')],
    },
    refuses: [401, ...knockRefusals],
  })
  const own = Object.keys(ownScheme(hook)).map((name) => ({ [name]: [] }))
  const security = [...(operation.security ?? []), ...own]
  return [hook.path, { post: { ...operation, security, operationId: operationIdOf(hook) } }]
}

const credentialOf = ({ verify }: Hook): Credential | undefined =>
  schemeOf(verify.scheme)?.credential?.(verify)

const isBearer = (hook: Hook): boolean => {
  const security = credentialOf(hook)?.security
  return security?.type === 'http' && security.scheme === 'bearer'
}

/** What a page can show at this hook beside a bearer secret: a password, or a secret in a header of its own. */
function ownScheme(hook: Hook): Record<string, object> {
  const credential = credentialOf(hook)
  if (!credential || isBearer(hook)) return {}
  const { prefix } = hook.verify
  const description = `What the senders of the hook “${hook.name}” show${prefix ? `, after “${prefix}”` : ''}.`
  return { [`${operationIdOf(hook)}_secret`]: { ...credential.security, description } }
}

/** How the explorer's addresses name a hook. */
export const operationIdOf = ({ name }: Pick<Hook, 'name'>): string => `hook_${name.replace(/\W/g, '_')}`

function describe(hook: Hook): string {
  const { action, session, skill, active, preset, filter } = hook
  const facts = [
    action === 'wake' ? 'Notifies its session.' : 'Starts an agent turn.',
    session === undefined ? '' : `Session: ${session}.`,
    skill === undefined ? '' : `Skill: ${skill}.`,
    preset === undefined ? '' : `Understands the events of ${preset}.`,
    filter === undefined ? '' : 'Has a filter: what does not match is ignored.',
    proofOf(hook),
    active ? '' : 'Not active: answers 403.',
  ]
  return facts.filter((fact) => fact !== '').join(' ')
}

function proofOf(hook: Hook): string {
  const credential = credentialOf(hook)
  return credential
    ? `The caller shows ${credential.text}.`
    : `The caller signs its request by the scheme “${hook.verify.scheme}”, which this page cannot do.`
}
