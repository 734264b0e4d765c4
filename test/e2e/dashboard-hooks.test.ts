import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { type Served, scratchHome, serve } from '../support/binary.ts'
import { noBrowser, openBrowser, seriousFlaws, type Watched, watchedPage } from '../support/browser.ts'
import { addCommand, adminToken, configure, countDeliveries, hooks, show } from '../support/hooks.ts'

const strings: readonly string[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '../vectors/strings/blns.json'), 'utf8'),
)
if (noBrowser) console.log(`The pages of hooks are not looked at: ${noBrowser}.`)

const looking = noBrowser ? describe.skip : describe
const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw').toString('base64')

looking('the pages of hooks in a browser', () => {
  let home: string
  let server: Served
  let browser: Browser
  /** Of one login for all. */
  let cookie: readonly [name: string, value: string]

  before(async () => {
    home = await scratchHome()
    configure(
      home,
      hooks({
        github: {
          preset: 'github',
          session: 'review',
          verify: { scheme: 'github', secret: 'a-github-secret-of-the-tests' },
        },
        pay: { preset: 'stripe', verify: { scheme: 'stripe', secret: 'whsec_of_the_tests_and_no_more' } },
        mail: {
          messageTemplate: 'Mail {{type}}',
          verify: { scheme: 'standard-webhooks', secret: `whsec_${key}` },
        },
        news: { messageTemplate: 'News: {{headline}}', filter: { path: 'headline', exists: true } },
        off: { messageTemplate: 'x', active: false },
      }),
    )
    await addCommand(home, 'review', 'echo "Looks good."')
    server = await serve(home)
    browser = await openBrowser()
    const login = await fetch(`${server.url}/dashboard/login`, {
      method: 'POST',
      body: new URLSearchParams({ token: await adminToken(home) }),
      headers: { origin: server.url },
      redirect: 'manual',
    })
    const [name = '', value = ''] = (login.headers.get('set-cookie') ?? '').split(/[=;]/)
    cookie = [name, value]
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  async function open(path: string, options: Parameters<typeof watchedPage>[2] = {}): Promise<Watched> {
    const watched = await watchedPage(browser, server.url, options)
    await watched.context.addCookies([{ name: cookie[0], value: cookie[1], url: server.url }])
    await watched.page.goto(server.url + path)
    return watched
  }

  const send = ({ page }: Watched) => page.getByRole('button', { name: 'Send signed test' }).click()

  it('sends a signed test through the real door and follows it to its end', async () => {
    const watched = await open('/dashboard/hooks/github')
    const { page, context, offences } = watched
    await page.locator('#message-part pre', { hasText: 'Push to acme/billing (main) by alice' }).waitFor()
    await page
      .getByLabel('Payload', { exact: true })
      .fill('{"ref":"refs/heads/next","repository":{"full_name":"a/b"}}')
    await page.locator('#message-part pre', { hasText: 'Push to a/b (next)' }).waitFor()
    await send(watched)
    await page.locator('#live-sent .state', { hasText: 'Delivered' }).waitFor()
    assert.equal(await page.locator('#live-sent pre').textContent(), 'Looks good.')
    await page.getByRole('link', { name: 'Open the delivery' }).click()
    const id = new URL(page.url()).pathname.split('/').pop()
    assert.match((await show(home, id)).message, /^Push to a\/b \(next\)/)
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('sends to who signs by time, by Standard Webhooks and by a token, and copies no secret', async () => {
    for (const name of ['pay', 'mail', 'news']) {
      const watched = await open(`/dashboard/hooks/${name}`)
      await send(watched)
      await watched.page.locator('#sent', { hasText: 'The door answered 202' }).waitFor()
      await watched.page.locator('#live-sent .state', { hasText: 'Pending' }).waitFor()
      assert.doesNotMatch(await watched.page.content(), /of_the_tests|the-secret-of-these-tests|MfKQ9/)
      assert.deepEqual(watched.offences, [])
      await watched.context.close()
    }
  })

  it('says what the door answered: ignored, refused, or that nothing was sent; what was typed stays', async () => {
    const count = await countDeliveries(home)
    const watched = await open('/dashboard/hooks/news', { javaScriptEnabled: false })
    const { page, context } = watched
    const payload = page.getByLabel('Payload', { exact: true })
    await payload.fill('{"other":1}')
    await page.getByRole('button', { name: 'Preview' }).click()
    await page.getByText('Ignored: the filter does not match').waitFor()
    await send(watched)
    await page.locator('#sent', { hasText: '202: ignored' }).waitFor()
    assert.equal(await payload.inputValue(), '{"other":1}')
    await payload.fill('{"headline":')
    await send(watched)
    await page.locator('#sent', { hasText: 'The door answered 400' }).waitFor()
    await page.getByLabel('Headers').fill('host: other.example')
    await send(watched)
    await page.locator('#sent', { hasText: 'It was not sent' }).waitFor()
    await page.goto(`${server.url}/dashboard/hooks/off`)
    await send(watched)
    await page.locator('#sent', { hasText: 'set "active" to true' }).waitFor()
    assert.equal(await countDeliveries(home), count)
    await context.close()
  })

  it('starts from the preset’s own template, and pauses and resumes, without a script', async () => {
    const { page, context } = await open('/dashboard/hooks/github', { javaScriptEnabled: false })
    await page.getByLabel('Start from').selectOption('example')
    await page.getByRole('button', { name: 'Load' }).click()
    await page.getByRole('button', { name: 'Start from the preset’s' }).click()
    const template = page.getByRole('textbox', { name: 'Template' })
    assert.match(await template.inputValue(), /Push{{#where}} to {{where}}/)
    await template.fill('By {{who}}')
    await page.getByRole('button', { name: 'Preview' }).click()
    assert.equal(await page.locator('#draft-part pre').textContent(), 'By alice')
    await page.getByRole('button', { name: 'Back to the configured' }).click()
    assert.equal(await template.inputValue(), '')
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.locator('#live-head .state', { hasText: 'paused' }).waitFor()
    await page.getByRole('button', { name: 'Send signed test' }).click()
    await page.locator('#live-sent', { hasText: 'the hook is paused' }).waitFor()
    await page.goto(`${server.url}/dashboard/hooks`)
    await page.locator('tr', { hasText: 'github' }).hover()
    await page.getByRole('button', { name: 'Resume hook github' }).click()
    await page.waitForURL('**/dashboard/hooks')
    assert.equal(await page.getByTitle('paused').count(), 0)
    await context.close()
  })

  it('pauses on a phone what has no page of its own', async () => {
    const { page, context } = await open('/dashboard/hooks', { viewport: { width: 390, height: 844 } })
    await page.getByRole('button', { name: 'Pause hook wake' }).click()
    await page.getByRole('button', { name: 'Resume hook wake' }).click()
    await page.getByRole('button', { name: 'Pause hook wake' }).waitFor()
    await context.close()
  })

  it('gives the names of a payload to the keyboard', async () => {
    const { page, context, offences } = await open('/dashboard/hooks/news')
    await page
      .getByLabel('Payload', { exact: true })
      .fill('{"headline":"a","place":{"city":{"name":"Ghent"}}}')
    await page.locator('.tree', { hasText: 'Ghent' }).waitFor()
    await page.locator('.tree .key').first().focus()
    for (const press of ['ArrowDown', 'ArrowLeft', 'ArrowRight', 'ArrowRight', 'ArrowDown'])
      await page.keyboard.press(press)
    assert.equal(await page.locator('#path-name').textContent(), '{{place.city.name}}')
    assert.equal(await page.locator('#path-pointer').textContent(), '/place/city/name')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Copy for a template' }).and(page.locator(':focus')).waitFor()
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('shows hostile payloads as texts', async () => {
    const { page, context, offences } = await open('/dashboard/hooks/news')
    for (const text of [...strings.slice(40, 60), '</textarea></pre><script>alert(1)</script>{{#a}}']) {
      const payload = JSON.stringify({ headline: `${text}.`, [text]: text })
      await page.getByLabel('Payload', { exact: true }).fill(payload)
      await page.getByLabel('Headers').fill('content-type: application/json')
    }
    await page.locator('#message-part pre', { hasText: '</textarea></pre><script>' }).waitFor()
    await send({ page, context, offences })
    await page.locator('#live-sent .state').waitFor()
    assert.equal(await page.locator('main :is(script, img, iframe)').count(), 0)
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('is usable for everybody, wide and narrow, light and dark', async () => {
    for (const [colorScheme, width] of [
      ['light', 390],
      ['dark', 1280],
    ] as const) {
      const { page, context } = await open('/dashboard/hooks', {
        ...{ colorScheme, viewport: { width, height: 844 }, bypassCSP: true },
      })
      for (const path of ['/dashboard/hooks', '/dashboard/hooks/github', '/dashboard/hooks/off']) {
        await page.goto(server.url + path)
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, path)
        assert.deepEqual(await seriousFlaws(page), [], `${path} ${colorScheme}`)
      }
      await context.close()
    }
  })
})
