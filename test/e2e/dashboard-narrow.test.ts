import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { cli } from '../support/binary.ts'
import { noBrowser } from '../support/browser.ts'
import { type Dashboard, startDashboard } from '../support/dashboard.ts'
import { settled } from '../support/hooks.ts'

if (noBrowser) console.log(`Narrow pages are not looked at: ${noBrowser}.`)

/** `describe` in Deno has no `skip` with a reason; its absence is printed above. */
const looking = noBrowser ? describe.skip : describe

const phone = { viewport: { width: 390, height: 844 } }

looking('the dashboard where there is little room', () => {
  let dashboard: Dashboard
  let failed: string

  before(async () => {
    dashboard = await startDashboard()
    const { home } = dashboard
    const broken = (await cli(['expose', '--session', 'broken', '--quiet'], { home })).stdout.trim()
    failed = await dashboard.knock('do not drop me', broken)
    assert.equal((await settled(home, dashboard.server, failed)).state, 'FAILED')
  })
  after(() => dashboard?.close())

  const boxOf = async (page: Page, selector: string) =>
    (await page.locator(selector).first().boundingBox()) ?? assert.fail(`${selector} is not shown`)

  it('offers on a phone to retry all that failed, and keeps the chosen tab in sight', async () => {
    const { page, context, offences } = await dashboard.open(phone)
    const isInSight = async (tab: string) => {
      const { x, width } = await boxOf(page, `.tabs [aria-current]:has-text("${tab}")`)
      const list = await boxOf(page, '.tabs ul')
      assert.ok(x >= list.x && x + width <= list.x + list.width, `${tab}: ${x} ${width} in ${list.width}`)
    }
    await dashboard.show(page, '/dashboard?state=FAILED')
    await page.locator(`#${failed}`).waitFor()
    await isInSight('Failed')
    await dashboard.show(page, '/dashboard')
    await isInSight('All')
    await page.locator('.tabs a', { hasText: 'Failed' }).click()
    await page.waitForURL(/state=FAILED/)
    await page.locator('.tabs [aria-current]', { hasText: 'Failed' }).waitFor()
    await isInSight('Failed')
    await page.getByRole('link', { name: 'Retry failed…' }).click()
    await page.getByRole('button', { name: 'Retry 1 delivery' }).waitFor()
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('shows a grant on a phone in few lines, its label first', async () => {
    const { page, context } = await dashboard.open(phone)
    await dashboard.show(page, '/dashboard/channels')
    const row = page.locator('.grants tbody tr', { hasText: 'tests' })
    const { height } = (await row.boundingBox()) ?? assert.fail('it is there')
    assert.ok(height < 130, `${height} px`)
    const [label, state] = [row.locator('td.message'), row.locator('td[data-label="State"]')]
    const [first, second] = [await label.boundingBox(), await state.boundingBox()]
    assert.ok(first && second && first.x < second.x)
    assert.ok(Math.abs(first.y - second.y) < 12)
    await row.getByText('Change…').click()
    await row.getByRole('button', { name: 'Pause' }).waitFor()
    await context.close()
  })

  it('gives the sentence of a delivery the width of the column beside the list', async () => {
    const { page, context } = await dashboard.open({ viewport: { width: 1440, height: 900 } })
    await dashboard.show(page, `/dashboard?selected=${failed}`)
    const [sentence, column] = [await boxOf(page, 'aside h1'), await boxOf(page, 'aside .headline')]
    assert.ok(sentence.width > column.width * 0.8, `${sentence.width} of ${column.width} px`)
    await context.close()
  })
})
