import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { noBrowser, openBrowser, type Watched, watchedPage } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { adminToken, configure, hooks, until } from '../support/hooks.ts'
import {
  blocksOf,
  endProxy,
  isThere,
  operateGuide,
  prepareCaddy,
  prepareNginx,
  startProxy,
} from '../support/proxies.ts'

const inGuide = (text: string) => {
  assert.ok(operateGuide.includes(text), text)
  return text
}

const proxies = [
  {
    program: 'caddy',
    prepare: prepareCaddy,
    siteAt: (port: number) =>
      blocksOf('caddyfile')[1]?.replace(inGuide('example.com {'), `http://localhost:${port} {`),
  },
  {
    program: 'nginx',
    prepare: prepareNginx,
    siteAt: (port: number) =>
      blocksOf('nginx')[0]
        ?.replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
        .replace('hooks.example.com;', 'localhost;')
        .replace('location / {', inGuide('location /postern/ {'))
        .replace('proxy_pass http://127.0.0.1:7717;', inGuide('proxy_pass http://127.0.0.1:7717/;')),
  },
]

for (const { program, prepare, siteAt } of proxies)
  describe(`below a path of ${program}, as the page says`, { timeout: 120_000 }, () => {
    const skip = !isThere(program) && process.env.CI !== 'true' && `${program} is not installed`
    const skipPages = skip || (noBrowser ?? false)
    // A browser gets the same through both.
    const looks = program === 'caddy'
    let folder: string
    let home: string
    let server: Served
    let proxy: ChildProcess
    let origin: string
    let browser: Browser | undefined

    before(async () => {
      if (skip) return
      folder = await mkdtemp(join(tmpdir(), 'postern-path-'))
      home = await scratchHome()
      const port = await freePort()
      origin = `http://localhost:${port}`
      const news = { name: 'news', path: '/api/hooks/news', messageTemplate: '{{headline}}', active: true }
      configure(home, { server: { publicUrl: `${origin}/postern` }, ...hooks({ news }) })
      server = await serve(home)
      const site = siteAt(port)?.replace('127.0.0.1:7717', new URL(server.url).host)
      assert.ok(site)
      proxy = startProxy(program, prepare(folder, site), folder)
      await until(`${program} answers`, () => ask('/postern/healthz').catch(() => undefined))
      if (!noBrowser && looks) browser = await openBrowser()
    })
    after(async () => {
      if (skip) return
      await browser?.close()
      await endProxy(proxy)
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    })

    const ask = (path: string, init: RequestInit = {}, at = origin) =>
      fetch(at + path, { redirect: 'manual', ...init })

    const logIn = async (at = origin, path = '/postern') => {
      const body = new URLSearchParams({ token: await adminToken(home), next: '/dashboard/hooks' })
      const answer = await ask(
        `${path}/dashboard/login`,
        { method: 'POST', body, headers: { origin: at } },
        at,
      )
      assert.equal(answer.status, 303)
      assert.equal(answer.headers.get('location'), `${path}/dashboard/hooks`)
      return answer.headers.get('set-cookie') ?? ''
    }

    /** What a page loads, leads to, posts to, and what its scripts ask for. Values of fields, and pointers, are others. */
    const linksOf = (html: string) =>
      [...html.matchAll(/\s(?!value|data-pointer)([\w-]+)="(\/[^"#]*)/g)].map(([, by, link = '']) => ({
        by: by ?? '',
        link: link.replaceAll('&amp;', '&'),
      }))

    it('leads from every page to pages, and loads all that they need', { skip }, async () => {
      const cookie = (await logIn()).split(';')[0] ?? ''
      const seen = new Set<string>()
      const waiting = ['/postern/dashboard', '/postern/docs', '/postern/dashboard/deliveries/none']
      for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
        if (seen.has(path)) continue
        seen.add(path)
        const answer = await ask(path, { headers: { cookie, accept: 'text/html' } })
        const known = path.endsWith('/none') ? 404 : /\/(metrics|login)/.test(path) ? [401, 303] : 200
        assert.ok([known].flat().includes(answer.status), `${path} ${answer.status}`)
        if (!answer.headers.get('content-type')?.startsWith('text/html')) continue
        for (const { by, link } of linksOf(await answer.text())) {
          assert.ok(link.startsWith('/postern/'), `${by} ${link} of ${path}`)
          if (by === 'href' || by === 'src') waiting.push(link)
        }
      }
      for (const page of ['sessions/default', 'channels', 'hooks/news', 'settings', 'refused'])
        assert.ok(seen.has(`/postern/dashboard/${page}`), page)
      for (const asset of ['docs/assets/docs.js', 'dashboard/assets/icon.svg'])
        assert.ok(seen.has(`/postern/${asset}`), asset)
    })

    it('keeps every redirect and the cookie below it', { skip }, async () => {
      assert.match(await logIn(), /; Path=\/postern; /)
      const locations = await Promise.all(
        ['/', '/dashboard/', '/dashboard/hooks?a=1', '/docs'].map(async (path) =>
          (await ask(`/postern${path}`, { headers: { accept: 'text/html' } })).headers.get('location'),
        ),
      )
      assert.deepEqual(locations, [
        '/postern/dashboard',
        '/postern/dashboard',
        '/postern/dashboard/login?next=%2Fdashboard%2Fhooks%3Fa%3D1',
        '/postern/dashboard/login?next=%2Fdocs',
      ])
    })

    it('is not asked for at the own address of the server', { skip }, async () => {
      const cookie = await logIn(server.url, '')
      assert.match(cookie, /; Path=\/; /)
      const page = await (await ask('/dashboard/hooks', { headers: { cookie } }, server.url)).text()
      assert.match(page, /src="\/dashboard\/assets\/dashboard\.js"/)
      assert.doesNotMatch(page, /"\/postern/)
      const authorization = `Bearer ${await adminToken(home)}`
      const serversAt = async (at: string, path: string) =>
        (await (await ask(path, { headers: { authorization } }, at)).json()).servers[0].url
      assert.equal(await serversAt(server.url, '/docs/json'), '/')
      assert.equal(await serversAt(origin, '/postern/docs/json'), '/postern')
    })

    if (!looks) return

    /** A browser that came by the link of `postern dashboard`, and went nowhere else. */
    const opened = async (): Promise<Watched & { readonly refused: string[] }> => {
      assert.ok(browser)
      const watched = await watchedPage(browser, `${origin}/postern/`)
      const refused: string[] = []
      watched.page.on('response', (answer) => {
        if (answer.status() >= 400) refused.push(`${answer.status()} ${answer.url()}`)
      })
      await watched.page.goto((await cli(['dashboard'], { home })).stdout.trim())
      await watched.page.waitForURL(`${origin}/postern/dashboard`)
      return { ...watched, refused }
    }
    const isLive = (page: Page) => page.locator('#pulse[data-state=live]').waitFor({ timeout: 30_000 })
    const send = async (message: string): Promise<string> =>
      JSON.parse(
        (await cli(['send', '--session', 'default', '--timeout', '0', '--json', message], { home })).stdout,
      ).id

    it('shows news by itself, and takes forms and keys', { skip: skipPages }, async () => {
      const { page, context, offences, refused } = await opened()
      await isLive(page)
      const id = await send('the first')
      await page.locator(`#${id}`).waitFor({ timeout: 30_000 })
      await page.locator(`#${id} a.whole`).click()
      await page.waitForURL(new RegExp(`/postern/dashboard.*${id}`))
      await page.keyboard.press('g')
      await page.keyboard.press('c')
      await page.waitForURL('**/postern/dashboard/channels')
      await isLive(page)
      await page.locator('form.card button').last().click()
      await page.locator('tr[id^=grant-]').waitFor()
      await page.locator('tr[id^=grant-] summary').click()
      await page.locator('form[action$="/pause"] button').click()
      await page.locator('tr[id^=grant-]', { hasText: 'Paused' }).waitFor()
      assert.equal(new URL(page.url()).pathname, '/postern/dashboard/channels')
      await page.getByRole('button', { name: 'Log out' }).click()
      await page.waitForURL('**/postern/dashboard/login?out')
      assert.deepEqual([offences, refused], [[], []])
      await context.close()
    })

    it('changes pages in place, and follows them without a shared worker', { skip: skipPages }, async () => {
      const { page, context, offences, refused } = await opened()
      await page.addInitScript('delete globalThis.SharedWorker')
      await page.setViewportSize({ width: 1600, height: 900 })
      await page.reload()
      await isLive(page)
      const first = await send('one that is chosen')
      await page.locator(`#${first} a.whole`).click()
      await page.locator('aside > article').waitFor()
      const second = await send('one more')
      await page.locator(`#${second}, .unread`).first().waitFor({ timeout: 30_000 })
      await page.goBack()
      await page.waitForURL('**/postern/dashboard')
      await page.locator('nav[aria-label="Main"] a').nth(1).click()
      await page.waitForURL('**/postern/dashboard/sessions')
      assert.deepEqual([offences, refused], [[], []])
      await context.close()
    })

    it('lets the API be tried, and signs a hook for the admin', { skip: skipPages }, async () => {
      const { page, context, offences, refused } = await opened()
      await page.goto(`${origin}/postern/docs`)
      const tried = async (path: string, status: string) => {
        const operation = page.locator('.opblock', { has: page.locator(`[data-path="${path}"]`) }).first()
        await operation.locator('.opblock-summary').click()
        await operation.getByRole('button', { name: 'Try it out' }).click()
        await operation.getByRole('button', { name: 'Execute' }).click()
        const answers = operation.locator('.live-responses-table .response-col_status')
        await answers.filter({ hasText: status }).waitFor()
        return (await operation.locator('.request-url').textContent()) ?? ''
      }
      assert.match(await tried('/api/sessions', '200'), /\/postern\/api\/sessions/)
      assert.match(await tried('/api/hooks/news', '202'), /\/postern\/api\/hooks\/news/)
      assert.deepEqual([offences, refused], [[], []])
      await context.close()
    })
  })
