import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { noBrowser, openBrowser, seriousFlaws, type Watched, watchedPage } from '../support/browser.ts'
import { addCommand } from '../support/hooks.ts'

if (noBrowser) console.log(`The chart is not looked at: ${noBrowser}.`)

/** `describe` in Deno has no `skip` with a reason; its absence is printed above. */
const looking = noBrowser ? describe.skip : describe

looking('the chart of the deliveries', () => {
  let home: string
  let server: Served
  let browser: Browser

  before(async () => {
    home = await scratchHome()
    await addCommand(home, 'broken', 'exit 3')
    await addCommand(home, 'sound', 'cat >/dev/null')
    server = await serve(home)
    for (const session of ['broken', 'sound', 'sound'])
      await cli(['send', '--session', session, `to ${session}`], { home })
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  /** A page that is logged in, by a link of the operator. */
  async function open(options: Parameters<typeof watchedPage>[2] = {}): Promise<Watched> {
    const watched = await watchedPage(browser, server.url, options)
    await watched.page.goto((await cli(['dashboard'], { home })).stdout.trim())
    await watched.page.waitForURL('**/dashboard')
    return watched
  }

  const rowsIn = (page: Page, count: number) =>
    page.waitForFunction((n) => document.querySelectorAll('.lines tbody tr').length === n, count)
  const shownReadout = (page: Page) =>
    page.evaluate(() =>
      [...document.querySelectorAll('.chart :is(.readout, .summary)')]
        .filter((part) => getComputedStyle(part).visibility === 'visible')
        .map((part) => part.textContent),
    )

  it('unfolds in place, tells values by pointer and by keys, and leads to what it counts', async () => {
    const { page, context, offences } = await open({ timezoneId: 'Asia/Kolkata' })
    await page.evaluate(() => Object.assign(globalThis, { stayed: true }))
    await page.getByRole('link', { name: '24 hours: 3 knocks, 1 failed' }).click()
    await page.waitForURL('**/dashboard?chart=24h')
    await page.locator('.chart .plot').waitFor()
    assert.deepEqual(await shownReadout(page), ['Last 24 hours: 3 knocks, 1 failed'])
    await page.locator('.step .all').hover()
    const [told] = await shownReadout(page)
    assert.match(told ?? '', /:30 to \d\d:30: 3 knocks, 1 failed: turn failed 1\. Stored p50 .*; taken p50 /)
    assert.equal(await page.locator('.chart [data-zone]').isVisible(), false)
    await page.mouse.move(0, 0)
    await page.locator('.step > a:not([aria-hidden])').focus()
    assert.deepEqual(await shownReadout(page), [told])
    await page.locator('.step .failed').click()
    await page.waitForURL(/chart=24h&failedStep=turn&since=.*Z&until=.*Z/)
    await rowsIn(page, 1)
    assert.equal(await page.getByLabel('Failed because').inputValue(), 'turn')
    await page.getByRole('link', { name: 'Delivered' }).click()
    await page.waitForURL(/chart=24h.*state=DELIVERED/)
    await rowsIn(page, 2)
    await page.getByRole('link', { name: '7 days' }).click()
    await page.waitForURL(/chart=7d/)
    await page.getByText('As a table').click()
    await page.getByRole('cell', { name: '1 turn failed' }).waitFor()
    assert.equal(await page.evaluate(() => Reflect.get(globalThis, 'stayed')), true)
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('counts what knocks while it is looked at', async () => {
    const { page, context } = await open()
    await page.goto(`${server.url}/dashboard?chart=30d`)
    await page.locator('#pulse[data-state=live]').waitFor()
    await cli(['send', '--session', 'sound', 'one more'], { home })
    await page.locator('.summary', { hasText: '4 knocks, 1 failed' }).waitFor()
    await context.close()
  })

  it('works without a script, with times that say they are UTC', async () => {
    const { page, context } = await open({ javaScriptEnabled: false })
    await page.goto(`${server.url}/dashboard?chart=24h`)
    await page.getByText('Times are UTC.').waitFor()
    await page.locator('.step .all').click()
    await page.waitForURL(/chart=24h&since=/)
    await page.locator('.lines tbody tr').nth(2).waitFor()
    await context.close()
  })

  for (const [colorScheme, widths] of [
    ['light', [390, 1280]],
    ['dark', [820, 1920]],
  ] as const)
    it(`is usable for everybody, ${colorScheme}, at ${widths.join(' and ')}`, async () => {
      const { page, context } = await open({ colorScheme, bypassCSP: true })
      for (const width of widths) {
        await page.setViewportSize({ width, height: 1080 })
        await page.goto(`${server.url}/dashboard?chart=7d`)
        await page.getByText('As a table').click()
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width)
        assert.deepEqual(await seriousFlaws(page), [], `${width}`)
      }
      await context.close()
    })
})
