import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import type { Browser, Page } from 'playwright-core'
import { counterpartRoutes, routesWithoutCommand } from '../../scripts/command-routes.ts'
import { allDrivers } from '../../src/drivers/index.ts'
import { type Served, scratchHome, serve } from '../support/binary.ts'
import { noBrowser, openBrowser, seriousFlaws, watchedPage } from '../support/browser.ts'
import { adminToken, configure, hooks, secret } from '../support/hooks.ts'

interface Operation {
  readonly summary: string
  readonly description?: string
  readonly tags: readonly string[]
  readonly operationId: string
  readonly security: readonly Record<string, unknown>[]
  readonly requestBody?: { readonly content: Record<string, { readonly example?: unknown }> }
  readonly responses: Record<string, { readonly $ref?: string } & Partial<Answer>>
}

interface Answer {
  readonly description: string
  readonly content?: Record<string, unknown>
}

interface Document {
  readonly openapi: string
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: {
    readonly schemas: object
    readonly responses: Record<string, Answer>
    readonly securitySchemes: object
  }
}

const github = {
  name: 'github',
  path: '/api/hooks/github',
  messageTemplate: 'Push to {{repository.name}} by {{sender.login}}: {{head_commit.message}}',
  active: true,
}
const basic = {
  name: 'basic',
  path: '/api/hooks/basic',
  messageTemplate: 'Built {{what}}',
  verify: { scheme: 'basic', username: 'ci', secret: 'a-password-of-the-build-server' },
}
const signed = {
  name: 'payments',
  path: '/api/hooks/pay.v1',
  preset: 'stripe',
  verify: { scheme: 'stripe', secret: 'whsec_never_to_be_seen_in_here' },
}

describe('the API document', () => {
  let home: string
  let server: Served
  const read = async (): Promise<Document> =>
    (await (await fetch(`${server.url}/docs/json`)).json()) as Document

  before(async () => {
    home = await scratchHome()
    configure(home, hooks({ github, payments: signed, basic }))
    server = await serve(home)
  })
  after(() => server.stop())

  const everywhere = [
    'POST /hook',
    'POST /hook/{token}',
    'POST /api/hooks/wake',
    'POST /api/hooks/agent',
    'POST /api/hooks/github',
    'POST /api/hooks/pay.v1',
    'GET /api/deliveries/{id}',
    'GET /api/grants',
    'POST /api/grants',
    'DELETE /api/grants/{id}',
    'GET /api/sessions',
    'GET /api/sessions/{id}',
    'POST /api/sessions',
    'GET /api/sessions/{id}/inbox',
    'DELETE /api/sessions/{id}',
    'GET /api/sessions/{id}/screen',
    'GET /api/hosts',
    'POST /api/hosts',
    'DELETE /api/hosts/{name}',
    'POST /api/hosts/{name}/rotate',
    'GET /api/decisions',
    'GET /api/decisions/{id}',
    'POST /api/decisions/{id}',
    'GET /decide/{token}',
    'GET /api/history',
    'GET /api/hooks',
    'GET /api/notices',
    'GET /api/deliveries',
    'POST /api/deliveries',
    'DELETE /api/deliveries/{id}',
    'POST /api/deliveries/{id}/retry',
    'POST /api/deliveries/{id}/replay',
    'POST /api/sessions/{id}/cancel',
    'POST /api/deliveries/{id}/ack',
    'POST /mcp',
    'GET /healthz',
    'GET /readyz',
    'GET /metrics',
    'POST /api/dashboard/links',
    'GET /dashboard',
    'GET /docs',
    'GET /docs/json',
  ]

  it('has every route, and every hook under its own name', async () => {
    const { paths, openapi } = await read()
    const found = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    )
    assert.equal(openapi, '3.0.3')
    assert.deepEqual(
      everywhere.filter((route) => !found.includes(route)),
      [],
    )
    assert.equal(paths['/api/hooks/github']?.post?.summary, 'github')
    assert.equal(paths['/api/hooks/pay.v1']?.post?.summary, 'payments')
  })

  it('has the route of every command, and a command for every route of the admin', async () => {
    const { paths } = await read()
    const found = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    )
    assert.deepEqual(
      counterpartRoutes.filter((route) => !found.includes(route)),
      [],
    )
    const ofAdmin = found.filter((route) => / \/api\/(?!hooks\/(?!\{))/.test(route))
    assert.deepEqual(
      ofAdmin.filter((route) => ![...counterpartRoutes, ...routesWithoutCommand].includes(route)),
      [],
    )
  })

  it('lists every kind of session', async () => {
    const { tags } = await read()
    const { description } = tags.find(({ name }) => name === 'Sessions') ?? assert.fail()
    assert.ok(description.endsWith(` ${[...allDrivers({}, () => []).keys()].join(', ')}.`), description)
  })

  it('names only routes that are there', async () => {
    const { paths } = await read()
    for (const [path, item] of Object.entries(paths))
      for (const method of Object.keys(item)) {
        const url = `${server.url}${path.replace('{token}', 'x').replace('{id}', 'x')}`
        const { status, headers } = await fetch(url, { method: method.toUpperCase(), redirect: 'manual' })
        assert.notEqual(status, 405, path)
        assert.notEqual(status, 404, `${method} ${path}`)
        assert.ok(headers.get('content-type') !== null || status === 303, path)
      }
  })

  it('says of every operation how it answers, who may, and how it refuses', async () => {
    const document = await read()
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.values(item).map((operation) => ({ path, operation })),
    )
    const ids = operations.map(({ operation }) => operation.operationId)
    assert.equal(new Set(ids).size, ids.length)
    for (const { path, operation } of operations) {
      assert.ok(operation.summary && operation.tags.length === 1 && operation.security, path)
      for (const [status, answer] of Object.entries(operation.responses)) {
        if (Number(status) < 400) assert.ok(answer.description, `${path} ${status}`)
        else {
          const name = status === 'default' ? 'Problem' : `Problem${status}`
          assert.deepEqual(answer, { $ref: `#/components/responses/${name}` }, path)
          const { description, content } = document.components.responses[name] ?? {}
          assert.ok(description && content?.['application/problem+json'], name)
        }
      }
      if (path.startsWith('/api/')) assert.ok(operation.responses['401'], path)
    }
  })

  it('is OpenAPI 3.0 without a flaw, by the strictest rules of its linter', async () => {
    const source = await (await fetch(`${server.url}/docs/json`)).text()
    const config = await createConfig({ extends: ['recommended-strict'] })
    const problems = await lintFromString({ source, absoluteRef: '/docs/openapi.json', config })
    assert.deepEqual(
      problems.map(({ ruleId, message, location }) => `${ruleId} at ${location[0]?.pointer}: ${message}`),
      [],
    )
    const spoilt = JSON.parse(source)
    delete spoilt.info.title
    const found = await lintFromString({
      ...{ source: JSON.stringify(spoilt), absoluteRef: '/docs/openapi.json', config },
    })
    assert.ok(found.length > 0)
  })

  it('refers to nothing that is not in it', async () => {
    const document = await read()
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)]
    assert.ok(refs.length > 30)
    for (const [, name = ''] of refs) assert.ok(name in document.components.schemas, name)
    const credentials = Object.keys(document.components.securitySchemes)
    assert.deepEqual(credentials, [
      'adminToken',
      'hookSecret',
      'knockToken',
      'agentToken',
      'hook_basic_secret',
    ])
    for (const item of Object.values(document.paths))
      for (const { security } of Object.values(item))
        for (const name of security.flatMap(Object.keys)) assert.ok(credentials.includes(name), name)
  })

  it('gives each hook an example that it accepts', async () => {
    const { paths } = await read()
    for (const path of ['/api/hooks/github', '/api/hooks/wake', '/api/hooks/agent']) {
      const operation = paths[path]?.post
      assert.deepEqual(operation?.security, [{ hookSecret: [] }])
      const example = operation?.requestBody?.content['application/json']?.example
      const response = await fetch(server.url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
        body: JSON.stringify(example),
      })
      assert.equal(response.status, 202, path)
    }
    assert.deepEqual(paths['/api/hooks/pay.v1']?.post?.security, [])
    assert.match(paths['/api/hooks/pay.v1']?.post?.description ?? '', /stripe/)
  })

  it('holds no secret', async () => {
    const text = JSON.stringify(await read())
    const token = readFileSync(join(home, 'keys/admin.token'), 'utf8').trim()
    for (const hidden of [secret, token, signed.verify.secret, basic.verify.secret, home])
      assert.ok(!text.includes(hidden))
  })

  it('follows the configuration while the server runs', async () => {
    configure(home, hooks({ builds: { ...github, name: 'builds', path: '/api/hooks/builds' } }))
    let paths: Document['paths'] = {}
    const deadline = AbortSignal.timeout(10_000)
    while (!('/api/hooks/builds' in paths)) {
      deadline.throwIfAborted()
      ;({ paths } = await read())
    }
    assert.equal(paths['/api/hooks/builds']?.post?.summary, 'builds')
    assert.equal(paths['/api/hooks/github'], undefined)
  })
})

describe('who may see the API document', () => {
  const serveWith = async (docs: string) => {
    const home = await scratchHome()
    configure(home, { server: { docs } })
    const server = await serve(home)
    const token = readFileSync(join(home, 'keys/admin.token'), 'utf8').trim()
    const status = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(server.url + path, { headers, redirect: 'manual' })).status
    return { server, token, status }
  }

  it('is nobody when it is off', async () => {
    const { server, token, status } = await serveWith('off')
    for (const path of ['/docs', '/docs/json'])
      assert.equal(await status(path, { authorization: `Bearer ${token}` }), 404, path)
    await server.stop()
  })

  it('is the operator when it is for the admin: by token, or by the cookie of the dashboard', async () => {
    const { server, token, status } = await serveWith('admin')
    assert.equal(await status('/docs/json'), 401)
    assert.equal(await status('/docs'), 401)
    assert.equal(await status('/docs', { accept: 'text/html' }), 303)
    assert.equal(await status('/docs/json', { authorization: `Bearer ${token}` }), 200)
    const login = await fetch(`${server.url}/dashboard/login`, {
      method: 'POST',
      body: new URLSearchParams({ token, next: '/docs' }),
      headers: { origin: server.url },
      redirect: 'manual',
    })
    assert.equal(login.headers.get('location'), '/docs')
    const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    assert.equal(await status('/docs', { cookie }), 200)
    assert.equal(await status('/docs/json', { cookie }), 200)
    await server.stop()
  })
})

if (noBrowser) console.log(`The API explorer is not looked at: ${noBrowser}.`)
const looking = noBrowser ? describe.skip : describe

looking('the API explorer in a browser', () => {
  let home: string
  let server: Served
  let browser: Browser

  before(async () => {
    home = await scratchHome()
    configure(home, hooks({ github, payments: signed }))
    server = await serve(home)
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  it('has no serious flaw for anybody, light and dark, wide and narrow', { timeout: 120_000 }, async () => {
    for (const [colorScheme, width] of [
      ['light', 390],
      ['dark', 1280],
    ] as const) {
      const { page, context } = await watchedPage(browser, server.url, {
        ...{ colorScheme, viewport: { width, height: 844 }, bypassCSP: true },
      })
      await page.goto(`${server.url}/docs`)
      const hook = page.locator('.opblock', { has: page.locator('[data-path="/api/hooks/github"]') })
      await hook.locator('.opblock-summary').click()
      await hook.getByRole('button', { name: 'Try it out' }).click()
      await hook.locator('textarea[aria-label]').waitFor()
      assert.deepEqual(await seriousFlaws(page), [], `${colorScheme} ${width}`)
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width)
      await context.close()
    }
  })

  it('tries a hook by name with its secret, and asks no other server', async () => {
    const { page, context, offences } = await watchedPage(browser, server.url)
    await page.goto(`${server.url}/docs`)
    await page.getByRole('button', { name: 'Authorize' }).click()
    await page.locator('#auth-bearer-value').nth(1).fill(secret)
    await page.getByRole('button', { name: 'Apply credentials' }).nth(1).click()
    await page.getByRole('button', { name: 'Close' }).first().click()
    const hook = page.locator('.opblock', { has: page.locator('[data-path="/api/hooks/github"]') })
    await hook.locator('.opblock-summary').click()
    await hook.getByRole('button', { name: 'Try it out' }).click()
    await hook.getByRole('button', { name: 'Execute' }).click()
    await hook.locator('.live-responses-table .response-col_status', { hasText: '202' }).waitFor()
    assert.deepEqual(offences, [])
    await context.close()
  })

  /** Sends the example of a hook; how it was answered, and what was asked. */
  async function tryHook(page: Page, path: string) {
    const hook = page.locator('.opblock', { has: page.locator(`[data-path="${path}"]`) })
    await hook.locator('.opblock-summary').click()
    await hook.getByRole('button', { name: 'Try it out' }).click()
    await hook.getByRole('button', { name: 'Execute' }).click()
    const status = hook.locator('.live-responses-table tbody .response-col_status').first()
    await status.waitFor()
    const text = (await hook.textContent()) ?? ''
    return { status: (await status.textContent())?.trim().slice(0, 3), text }
  }

  const counted = async () =>
    (await fetch(`${server.url}/api/deliveries?hook=payments`, { headers: await admin() })).json()
  const admin = async () => ({ authorization: `Bearer ${await adminToken(home)}` })

  it('signs for the admin, whose token stays in its tab and no longer', async () => {
    const { page, context, offences } = await watchedPage(browser, server.url)
    const open = async (tab: Page) => {
      await tab.goto(`${server.url}/docs`)
      await tab.locator('.opblock').first().waitFor()
    }
    await open(page)
    assert.equal((await tryHook(page, signed.path)).status, '401')
    await page.getByRole('button', { name: 'Authorize' }).click()
    await page
      .locator('#auth-bearer-value')
      .first()
      .fill(await adminToken(home))
    await page.getByRole('button', { name: 'Apply credentials' }).first().click()
    await open(page)
    const { status, text } = await tryHook(page, signed.path)
    assert.equal(status, '202')
    assert.match(text, /"deliveryId":\s*"whd_/)
    assert.match(text, /api\/hooks\/payments\/send/)
    assert.equal(((await counted()) as unknown[]).length, 1)
    assert.equal(await page.evaluate(() => localStorage.length), 0)
    const other = await context.newPage()
    await open(other)
    assert.equal((await tryHook(other, signed.path)).status, '401')
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('acts for who is logged in to the dashboard, until the login ends', async () => {
    const { page, context, offences } = await watchedPage(browser, server.url)
    await page.goto(`${server.url}/dashboard/login?next=/docs`)
    await page.locator('#token').fill(await adminToken(home))
    await page.keyboard.press('Enter')
    await page.getByText('As the admin, by your login').waitFor()
    await page.locator('.opblock').first().waitFor()
    assert.equal((await tryHook(page, signed.path)).status, '202')
    const token = await page.locator('meta[name="admin"]').getAttribute('content')
    const asked = async () =>
      (await fetch(`${server.url}/api/grants`, { headers: { authorization: `Bearer ${token}` } })).status
    assert.equal(await asked(), 200)
    const tab = await context.newPage()
    await tab.goto(`${server.url}/dashboard`)
    await tab.getByRole('button', { name: 'Log out' }).click()
    await tab.waitForURL(/\/dashboard\/login/)
    assert.equal(await asked(), 401)
    assert.deepEqual(offences, [])
    await context.close()
  })
})
