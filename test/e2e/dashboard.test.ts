import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { cli, type Served } from '../support/binary.ts'
import { noBrowser, watchedPage } from '../support/browser.ts'
import { type Dashboard, startDashboard } from '../support/dashboard.ts'
import { secret } from '../support/hooks.ts'

const strings: readonly string[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '../vectors/strings/blns.json'), 'utf8'),
)
if (noBrowser) console.log(`The dashboard is not looked at: ${noBrowser}.`)

/** `describe` in Deno has no `skip` with a reason; its absence is printed above. */
const looking = noBrowser ? describe.skip : describe

looking('the dashboard in a browser', () => {
  let home: string
  let server: Served
  let browser: Browser
  let url: string

  let dashboard: Dashboard
  before(async () => {
    dashboard = await startDashboard()
    ;({ home, server, browser, url } = dashboard)
  })
  after(() => dashboard?.close())

  const knock = (message: string, to?: string) => dashboard.knock(message, to)
  const open = (options?: Parameters<Dashboard['open']>[0]) => dashboard.open(options)
  const show = (page: Page, path: string) => dashboard.show(page, path)

  it('lets in with the admin token, by keyboard alone', async () => {
    const { page, context, offences } = await watchedPage(browser, server.url)
    await show(page, '/dashboard/channels')
    await page.locator('#token:focus').waitFor()
    await page.keyboard.type(readFileSync(join(home, 'keys/admin.token'), 'utf8').trim())
    await page.keyboard.press('Enter')
    await page.waitForURL('**/dashboard/channels')
    assert.equal(await page.locator('h1').textContent(), 'Channels')
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('shows a delivery as it arrives, without a reload', async () => {
    const { page, context, offences } = await open()
    await page.locator('#pulse[data-state=live]').waitFor()
    await page.evaluate(() => Object.assign(globalThis, { stayed: true }))
    const id = await knock('fresh from outside')
    await page.locator(`a[href="/dashboard/deliveries/${id}"]`).waitFor({ timeout: 5000 })
    assert.equal(await page.evaluate(() => Reflect.get(globalThis, 'stayed')), true)
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('shows what became of it in a row that is a link', async () => {
    const { page, context } = await open()
    const id = await knock('to be opened')
    await page.locator(`#${id}`).click()
    await page.waitForURL(`**/deliveries/${id}`)
    assert.match((await page.locator('.pairs').last().textContent()) ?? '', /Session\s*default/)
    // A state is spelled as the tab of the list spells it, an age as everywhere else.
    assert.equal((await page.locator('h1 .state').textContent())?.trim(), 'Pending')
    await show(page, '/dashboard/sessions/default')
    const opened = page.locator('tr', { hasText: 'Opened' }).locator('time')
    assert.match((await opened.textContent()) ?? '', /^\d+[smh] ago$/)
    await context.close()
  })

  it('finds deliveries by state, session and text', async () => {
    const { page, context } = await open()
    for (const message of ['hay', 'a needle in there']) await knock(message)
    await page.evaluate(() => Object.assign(globalThis, { stayed: true }))
    await page.getByLabel('Session').selectOption('default')
    await page.getByLabel('Search').fill('NEEDLE')
    await page.waitForURL(/text=NEEDLE&session=default/)
    await page.locator('.lines tbody tr').nth(1).waitFor({ state: 'detached' })
    assert.equal(await page.locator('.lines tbody tr').count(), 1)
    await page.locator('#live-tabs').getByRole('link', { name: 'Failed' }).click()
    await page.getByText('Nothing fits this filter.').waitFor()
    await page.goBack()
    await page.getByText('a needle in there').waitFor()
    assert.equal(await page.evaluate(() => Reflect.get(globalThis, 'stayed')), true)
    await page.getByLabel('Since').fill('soon')
    await page.keyboard.press('Enter')
    await page.getByText('“Since” is how long ago').waitFor()
    assert.equal(await page.locator('.lines tbody tr').count(), 0)
    await page.getByRole('link', { name: 'Clear' }).click()
    await page.locator('.lines tbody tr').nth(1).waitFor()
    assert.equal(await page.getByLabel('Since').inputValue(), '')
    await context.close()
  })

  it('goes by keys, but not while somebody types', async () => {
    await knock('older of two')
    const id = await knock('newer of two')
    const { page, context, offences } = await open()
    const { keyboard } = page
    await keyboard.press('?')
    await page.getByRole('dialog').getByText('edit and replay a delivery').waitFor()
    await keyboard.press('Escape')
    await keyboard.press('/')
    await page.locator('#f-text:focus').waitFor()
    await keyboard.type('of two')
    await page.waitForURL(/text=of\+two/)
    await page.locator('.lines tbody tr').nth(2).waitFor({ state: 'detached' })
    await keyboard.press('Escape')
    await keyboard.press('j')
    await keyboard.press('j')
    await page.locator('.lines tbody tr:nth-child(2) a:focus').waitFor()
    await keyboard.press('k')
    await keyboard.press('Enter')
    const isIts = (at: URL) => at.pathname.endsWith(`/deliveries/${id}`)
    await page.waitForURL(isIts)
    await keyboard.press('Escape')
    await page.waitForURL(/dashboard\?text=of\+two/)
    await keyboard.press('j')
    await keyboard.press('Enter')
    await page.waitForURL(isIts)
    assert.equal(await page.locator('#path').isVisible(), false)
    // Nothing has failed: there is nothing that `r` could retry.
    await keyboard.press('r')
    await keyboard.press('e')
    await page.locator('#edited-message:focus').waitFor()
    await keyboard.type('gs?')
    await keyboard.press('Escape')
    await keyboard.press('g')
    await keyboard.press('s')
    await page.waitForURL('**/dashboard/sessions')
    await keyboard.press('g')
    await keyboard.press(',')
    await page.waitForURL('**/dashboard/settings')
    assert.match((await cli(['deliveries', 'show', id, '--json'], { home })).stdout, /"state": ?"PENDING"/)
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('keeps new rows back while the list is scrolled or pointed at', async () => {
    for (let n = 0; n < 12; n++) await knock(`row ${n}`)
    const { page, context, offences } = await open({ viewport: { width: 1280, height: 400 } })
    await page.locator('#pulse[data-state=live]').waitFor()
    const top = page.locator('.lines tbody tr').first()
    await top.hover()
    const before = await top.getAttribute('id')
    const id = await knock('not under the pointer')
    await page.getByRole('button', { name: '1 new' }).waitFor()
    assert.equal(await top.getAttribute('id'), before)
    await page.getByRole('button', { name: '1 new' }).click()
    await page.locator(`.lines tbody tr:first-child#${id}`).waitFor()
    assert.equal(await page.getByRole('button', { name: '1 new' }).count(), 0)
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('says why one failed, and retries it', async () => {
    const broken = (await cli(['expose', '--session', 'broken', '--quiet'], { home })).stdout.trim()
    const id = await knock('do not drop me', broken)
    const { page, context, offences } = await open()
    await show(page, `/dashboard/deliveries/${id}`)
    await page.locator('.state', { hasText: 'Failed' }).waitFor({ timeout: 20_000 })
    assert.match((await page.locator('h1').textContent()) ?? '', /Failed.*exit code 3/)
    const attempts = await page.locator('.timeline li', { hasText: 'Attempt' }).count()
    await page.getByRole('button', { name: 'Retry' }).click()
    await page.locator('.timeline li', { hasText: 'Put back into the queue' }).waitFor()
    await page.locator('.timeline li', { hasText: 'Attempt' }).nth(attempts).waitFor({ timeout: 20_000 })
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('retries all that a filter finds with two clicks, once for two who click at the same time', async () => {
    const count = 361
    const closed = (
      await cli(['expose', '--session', 'default', '--label', 'bulk', '--quiet'], { home })
    ).stdout.trim()
    const ids = await Promise.all(Array.from({ length: count }, (_, n) => knock(`one of many: ${n}`, closed)))
    const byCommand = async (act: string) =>
      (await cli(['deliveries', act, '--text', 'one of many', '--yes'], { home })).stdout.trim()
    assert.equal(await byCommand('cancel'), `Cancelled ${count} of ${count} deliveries.`)
    assert.equal(await byCommand('retry'), `Retried ${count} of ${count} deliveries.`)
    assert.equal(await byCommand('cancel'), `Cancelled ${count} of ${count} deliveries.`)
    const browsers = [await open(), await open()]
    const press = (name: string) =>
      Promise.all(
        browsers.map(async ({ page }) => {
          await page.getByRole('button', { name }).click()
          return page.locator('.notice').textContent()
        }),
      )
    for (const { page } of browsers) {
      await show(page, '/dashboard?grant=bulk')
      await page.getByRole('link', { name: 'Retry failed…' }).click()
      await page.getByText(`${count} deliveries`).first().waitFor()
    }
    const shown = (await press(`Retry ${count} deliveries`)).sort()
    assert.match(shown.join(' '), /361 deliveries were queued again.*Nothing was left to do/s)
    for (const id of [ids[0], ids[180], ids[360]]) {
      const { stdout } = await cli(['deliveries', 'show', id ?? '', '--json'], { home })
      assert.equal(stdout.match(/"requeued"/g)?.length, 2, stdout)
    }
    assert.equal(await byCommand('cancel'), `Cancelled ${count} of ${count} deliveries.`)
    for (const { context, offences } of browsers) {
      assert.deepEqual(offences, [])
      await context.close()
    }
  })

  it('replays with another message', async () => {
    const id = await knock('first words\n  with a second line')
    const { page, context } = await open()
    await show(page, `/dashboard/deliveries/${id}`)
    await page.getByText('Edit and replay').click()
    const message = page.getByRole('textbox', { name: 'Message' })
    assert.equal(await message.inputValue(), 'first words\n  with a second line')
    await message.fill('other words\n<i>in two lines</i>')
    await page.getByRole('button', { name: 'Replay edited' }).click()
    await page.getByText('Replay of').waitFor()
    assert.equal(await page.locator('pre').first().textContent(), 'other words\n<i>in two lines</i>')
    await page.getByRole('link', { name: id }).click()
    await page.waitForURL(`**/${id}`)
    await context.close()
  })

  it('shows a chosen delivery beside the list, and what templates call the parts of its payload', async () => {
    const id = await knock('look at me')
    const { page, context, offences } = await open({ viewport: { width: 1600, height: 900 } })
    await page.locator('tr', { hasText: 'look at me' }).first().getByRole('link').first().click()
    await page.locator('#delivery-id', { hasText: id }).waitFor()
    assert.equal(new URL(page.url()).searchParams.get('selected'), id)
    await page.locator('.tree .key', { hasText: 'message' }).click()
    assert.deepEqual(
      [await page.locator('#path-name').textContent(), await page.locator('#path-pointer').textContent()],
      ['{{message}}', '/message'],
    )
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('mints a URL that works by its curl line, and revokes it', async () => {
    const { page, context, offences } = await open()
    await show(page, '/dashboard/channels')
    await page.getByLabel('Session').selectOption('default')
    await page.getByLabel('Label').fill('for <you>')
    await page.getByRole('button', { name: 'Mint' }).click()
    const minted = await page.getByLabel('URL', { exact: true }).inputValue()
    const curl = await page.getByLabel('Try it').inputValue()
    assert.ok(curl.includes(`'${minted}'`), curl)
    const [, body = ''] = /-d '([^']+)'$/.exec(curl) ?? []
    const response = await fetch(minted, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', prefer: 'wait=0' },
    })
    assert.equal(response.status, 202)
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByRole('button', { name: 'Copy' }).first().click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), minted)
    await page.reload()
    assert.equal(await page.getByLabel('URL', { exact: true }).count(), 0)
    const row = page.locator('tr', { hasText: 'for <you>' })
    const change = async (button: string) => {
      await row.getByText('Change…').click()
      await row.getByRole('button', { name: button }).click()
    }
    const answer = async (url: string) => (await fetch(url, { method: 'POST', body })).status
    await change('Pause')
    await row.getByText('paused').waitFor()
    assert.equal(await answer(minted), 403)
    await change('Resume')
    await row.getByText('Open', { exact: true }).waitFor()
    await change('Rotate')
    const rotated = await page.getByLabel('URL', { exact: true }).inputValue()
    assert.notEqual(rotated, minted)
    await page.getByText('The URL before it works until').waitFor()
    await change('Revoke')
    await page.getByText('No grant fits').or(page.locator('tbody')).first().waitFor()
    assert.equal(await row.count(), 0)
    assert.deepEqual([await answer(minted), await answer(rotated)], [403, 403])
    await page.getByLabel('also what is over').check()
    await page.getByRole('button', { name: 'Find' }).click()
    await row.getByText('revoked').waitFor()
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('mints a URL for a number of uses', async () => {
    const { page, context } = await open()
    await show(page, '/dashboard/channels')
    await page.getByLabel('Session').selectOption('default')
    await page.getByLabel('Uses').fill('2')
    await page.getByLabel('Label').fill('twice')
    await page.getByRole('button', { name: 'Mint' }).click()
    await page.getByText('2 times at most').waitFor()
    await page.locator('tr', { hasText: 'twice' }).getByText('0/2').waitFor()
    await context.close()
  })

  it('previews a template while it is typed', async () => {
    await fetch(`${server.url}/api/hooks/news`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
      body: JSON.stringify({ headline: 'Rain & <b>sun</b>', place: 'Ghent' }),
    })
    const { page, context, offences } = await open()
    await show(page, '/dashboard/hooks/news')
    assert.equal(await page.locator('#message-part pre').textContent(), 'News: Rain & <b>sun</b>')
    const template = page.getByRole('textbox', { name: 'Template' })
    await template.fill('{{place}}: {{headline}}')
    await page.locator('#draft-part pre', { hasText: 'Ghent: Rain & <b>sun</b>' }).waitFor()
    await template.fill('{{#open}}')
    await page.locator('#draft-part .failed', { hasText: 'line 1' }).waitFor()
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('shows hostile texts as texts', async () => {
    const scripts = [
      '"><img src=x onerror=alert(1)>',
      '\x1b[2J\u202e{{#a}}</pre></textarea><script>alert(9)</script>',
    ]
    const all = [...scripts, ...strings]
    const chunks = Array.from({ length: Math.ceil(all.length / 60) }, (_, i) =>
      all.slice(i * 60, i * 60 + 60),
    )
    const ids: string[] = []
    for (const chunk of chunks) ids.push(await knock(chunk.join('\n')))
    const [hostile = ''] = scripts
    await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=0', 'user-agent': hostile },
      body: JSON.stringify({ message: hostile, from: hostile }),
    })
    await cli(['expose', '--session', 'default', '--label', hostile, '--quiet'], { home })
    await fetch(`${server.url}/api/hooks/news`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
      body: JSON.stringify({ headline: hostile, [hostile]: hostile }),
    })
    const { page, context, offences } = await open()
    const newest = await page
      .locator('.lines a.whole')
      .evaluateAll((links) => links.slice(0, 2).map((link) => link.getAttribute('href') ?? ''))
    const query = new URLSearchParams({ text: hostile })
    const lists = ['/dashboard', `/dashboard?${query}`, '/dashboard/channels', '/dashboard/hooks/news']
    for (const path of [...lists, ...newest, ...ids.map((id) => `/dashboard/deliveries/${id}`)]) {
      await show(page, path)
      const foreign = 'main :is(script, img, iframe, object, [onerror], [onload], [onfocus], [autofocus])'
      assert.equal(await page.locator(foreign).count(), 0, path)
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), path)
    }
    for (const [i, id] of ids.entries()) {
      await show(page, `/dashboard/deliveries/${id}`)
      const text = (await page.locator('#message-text').textContent()) ?? ''
      const plain = (chunks[i] ?? []).filter((one) => /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(one))
      assert.deepEqual(
        plain.filter((one) => !text.includes(one)),
        [],
      )
    }
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('works without a script', async () => {
    const { page, context } = await open({ javaScriptEnabled: false })
    const id = await knock('no script here')
    await page.reload()
    await page.locator(`a[href="/dashboard/deliveries/${id}"]`).click()
    await page.getByRole('button', { name: 'Replay', exact: true }).click()
    await page.getByText('Replay of').waitFor()
    await show(page, '/dashboard/hooks/news')
    await page.getByRole('textbox', { name: 'Template' }).fill('Plain {{headline}}')
    await page.getByRole('button', { name: 'Preview' }).click()
    assert.ok((await page.locator('#draft-part pre').textContent())?.startsWith('Plain '))
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.waitForURL('**/dashboard/login?out')
    await context.close()
  })
})
