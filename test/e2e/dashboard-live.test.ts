import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { noBrowser, openBrowser, watchedPage } from '../support/browser.ts'

if (noBrowser) console.log(`Live pages are not looked at: ${noBrowser}.`)
const looking = noBrowser ? describe.skip : describe

looking('pages of the dashboard that stay open', () => {
  let home: string
  let server: Served
  let browser: Browser
  let port: string

  before(async () => {
    home = await scratchHome()
    server = await serve(home)
    port = new URL(server.url).port
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  const send = async (message: string): Promise<string> =>
    JSON.parse((await cli(['send', '--session', 'default', message, '--json'], { home })).stdout).id

  const isLive = (page: Page) => page.locator('#pulse[data-state=live]').waitFor({ timeout: 30_000 })

  it('are as many as one likes: a browser has six connections a server', async () => {
    const { page, context, offences } = await watchedPage(browser, server.url)
    await page.goto((await cli(['dashboard'], { home })).stdout.trim())
    await page.waitForURL('**/dashboard')
    const pages = [page]
    while (pages.length < 9) {
      const next = await context.newPage()
      await next.goto(`${server.url}/dashboard${pages.length % 2 ? '' : '?session=default'}`)
      pages.push(next)
    }
    for (const one of pages) await isLive(one)
    const id = await send('to all of them')
    for (const one of pages) await one.locator(`#${id}`).waitFor({ timeout: 30_000 })
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('go on by themselves after a restart, without a login or a reload', async () => {
    const { page, context } = await watchedPage(browser, server.url)
    await page.goto((await cli(['dashboard'], { home })).stdout.trim())
    await page.waitForURL('**/dashboard')
    await isLive(page)
    await page.evaluate(() => Object.assign(globalThis, { stayed: true }))
    await server.stop()
    await page.locator('#pulse[data-state=connecting]').waitFor({ timeout: 30_000 })
    server = await serve(home, { port })
    const id = await send('after the restart')
    await page.locator(`#${id}`).waitFor({ timeout: 30_000 })
    await isLive(page)
    assert.equal(await page.evaluate(() => Reflect.get(globalThis, 'stayed')), true)
    await context.close()
  })
})
