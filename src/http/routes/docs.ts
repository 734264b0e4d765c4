import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { Failure } from '../../domain/error.ts'
import type { Hook } from '../../domain/hook.ts'
import { type Asset, assetOf, assetResponse } from '../dashboard/asset.ts'
import { redirectToLogin } from '../dashboard/login-routes.ts'
import { pageHeaders } from '../dashboard/responses.ts'
import { createTemplates } from '../dashboard/templates.ts'
import { guarded, jsonResponse, type RequestGuard } from '../guard.ts'
import page from '../openapi/assets/docs.mustache' with { type: 'text' }
import { openApiDocument, type Route } from '../openapi/document.ts'
import { operation, pageAnswers } from '../openapi/operation.ts'
import { belowPath, publicPath } from '../public-path.ts'
import { asPage } from '../refusal-page.ts'

export interface DocsDeps {
  readonly version: string
  readonly publicUrl: () => string | undefined
  /** Every route of the server. */
  readonly routes: () => readonly Route[]
  /** The custom hooks as configured now. */
  readonly hooks: () => readonly Hook[]
  /** Every kind of session. */
  readonly drivers: readonly string[]
  /** Throws unless the request may see these pages. */
  readonly admit: (request: Request) => void
  /** What the page shows to the API for who is logged in to the dashboard. */
  readonly explorerToken: (request: Request) => string | undefined
}

const templates = createTemplates({ layout: page })

export const docsRoutes = (deps: DocsDeps, guard: RequestGuard) => {
  const asset = createAssets()
  return new Elysia()
    .get(
      '/docs',
      async ({ request }) =>
        belowPath(
          publicPath(deps.publicUrl(), request),
          asPage(request, await guarded(guard, request, () => explorer(deps, request))),
        ),
      {
        detail: operation({
          tag: 'Dashboard',
          id: 'explorer',
          summary: 'The API, to be read and tried',
          description:
            'A page for browsers. Open to this machine while no public URL is set; elsewhere as configured.',
          answers: pageAnswers,
          refuses: [401, 404, 421],
        }),
      },
    )
    .get('/docs/json', ({ request }) => guarded(guard, request, () => document(deps, request)), {
      detail: operation({
        tag: 'Dashboard',
        id: 'document',
        summary: 'This document',
        description: 'As it is at this moment: a changed configuration shows at once.',
        answers: { 200: Type.Object({}, { description: 'OpenAPI 3.0' }) },
        refuses: [401, 404, 421],
      }),
    })
    .get(
      '/docs/assets/:name',
      ({ request, params }) =>
        guarded(guard, request, async () => assetResponse(request, await asset(params.name))),
      { detail: { hide: true } },
    )
}

/** A browser without a login is sent to get one. */
function explorer(deps: DocsDeps, request: Request): Response {
  try {
    deps.admit(request)
  } catch (refusal) {
    const isBrowser = request.headers.get('accept')?.includes('text/html') === true
    if (isBrowser && refusal instanceof Failure && refusal.code === 'unauthorized')
      return redirectToLogin(request)
    throw refusal
  }
  const view = { token: deps.explorerToken(request) ?? null }
  return new Response(templates.page('docs', view), { headers: pageHeaders })
}

function document(deps: DocsDeps, request: Request): Response {
  deps.admit(request)
  const { version, drivers, routes, hooks, publicUrl } = deps
  const [url, path] = [publicUrl(), publicPath(publicUrl(), request)]
  return jsonResponse(
    openApiDocument({ version, drivers, publicUrl: url, path, routes: routes(), hooks: hooks() }),
  )
}

/** The explorer's files are large and seldom wanted: they are loaded at their first request. */
function createAssets(): (name: string) => Promise<Asset> {
  let files: ReturnType<typeof loadAssets> | undefined
  return async (name) => {
    files ??= loadAssets()
    const file = (await files).get(name)
    if (!file) throw new Failure('not_found', 'There is no such file.')
    return file
  }
}

async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const [bundle, bundleStyle, script, style] = await Promise.all([
    import('swagger-ui-dist/swagger-ui-bundle.js', { with: { type: 'text' } }),
    import('swagger-ui-dist/swagger-ui.css', { with: { type: 'text' } }),
    import('../openapi/assets/docs.js', { with: { type: 'text' } }),
    import('../openapi/assets/docs.css', { with: { type: 'text' } }),
  ])
  return new Map([
    ['swagger-ui-bundle.js', assetOf('text/javascript', bundle.default)],
    ['swagger-ui.css', assetOf('text/css', bundleStyle.default)],
    ['docs.js', assetOf('text/javascript', script.default)],
    ['docs.css', assetOf('text/css', style.default)],
  ])
}
