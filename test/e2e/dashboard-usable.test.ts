import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { cli } from '../support/binary.ts'
import { logIn, noBrowser, openBrowser } from '../support/browser.ts'
import { type Day, liveADay } from '../support/day.ts'
import { post } from '../support/hooks.ts'
import { isUsable } from '../support/usable.ts'

if (noBrowser) console.log(`The dashboard is not looked at: ${noBrowser}.`)

/** `describe` in Deno has no `skip` with a reason; its absence is printed above. */
const looking = noBrowser ? describe.skip : describe

looking('the pages of the dashboard, at four widths, light and dark', { timeout: 220_000 }, () => {
  let day: Day
  let browser: Browser

  before(async () => {
    day = await liveADay()
    await day.ask('Bash: npm run deploy')
    for (const name of ['vm', `laptop-${'of-somebody.'.repeat(4)}example`])
      await cli(['hosts', 'add', name], { home: day.home })
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await day?.close()
  })

  it('are usable for everybody, ask nobody else and break no policy', async () => {
    const { server, home, delivered, failed, url } = day
    const long = { message: `${'w'.repeat(500)} ${'long words '.repeat(100)}` }
    const { body } = await post(url, long, { authorization: '' })
    const { page, context, offences } = await logIn(browser, server, home)
    for (const path of [
      '',
      `?selected=${delivered}&chart=24h`,
      ...[failed, body.deliveryId, 'none'].map((id) => `/deliveries/${id}`),
      '/bulk/retry',
      '/refused',
      '/sessions',
      '/sessions/coder',
      '/channels',
      '/hooks',
      '/hooks/github',
      '/settings',
    ])
      await isUsable(page, `${server.url}/dashboard${path}`)
    assert.deepEqual(offences, [])
    await context.close()
  })
})
