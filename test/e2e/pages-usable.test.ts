import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { type Served, scratchHome, serve } from '../support/binary.ts'
import { logIn, noBrowser, openBrowser, watchedPage } from '../support/browser.ts'
import { type Day, liveADay } from '../support/day.ts'
import { isUsable } from '../support/usable.ts'

if (noBrowser) console.log(`Pages are not looked at: ${noBrowser}.`)

/** `describe` in Deno has no `skip` with a reason; its absence is printed above. */
const looking = noBrowser ? describe.skip : describe

looking('pages at four widths, light and dark', { timeout: 220_000 }, () => {
  let day: Day
  let browser: Browser
  let bare: Served

  before(async () => {
    day = await liveADay()
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await bare?.stop()
    await day?.close()
  })

  it('are usable for everybody where there is nothing yet, ask nobody else and break no policy', async () => {
    const home = await scratchHome()
    bare = await serve(home)
    const { page, context, offences } = await logIn(browser, bare, home)
    for (const path of ['', '/sessions', '/channels', '/hooks', '/refused'])
      await isUsable(page, `${bare.url}/dashboard${path}`)
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('are so before the login, at the addresses of capabilities and in the explorer', async () => {
    const { server, url } = day
    const { page, context, offences } = await watchedPage(browser, server.url)
    const asked = await day.ask('Bash: npm run deploy')
    for (const address of [`${server.url}/dashboard/login`, asked, `${asked.slice(0, -4)}AAAA`, url])
      await isUsable(page, address)
    await isUsable(page, `${server.url}/docs`, { touch: false })
    assert.deepEqual(offences, [])
    await context.close()
  })
})
