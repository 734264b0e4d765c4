import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { noBrowser, openBrowser, seriousFlaws, type Watched, watchedPage } from '../support/browser.ts'

if (noBrowser) console.log(`Pages of sessions are not looked at: ${noBrowser}.`)
const looking = noBrowser ? describe.skip : describe

const strings: readonly string[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '../vectors/strings/blns.json'), 'utf8'),
)

looking('the page of a session in a browser', () => {
  let home: string
  let server: Served
  let browser: Browser
  /** What is written there, the agent shows. */
  let mouth: string
  const agent = (text: string) => appendFileSync(mouth, text)

  before(async () => {
    home = await scratchHome()
    server = await serve(home)
    mouth = join(dirname(home), 'mouth')
    execFileSync('mkfifo', [mouth])
    const script = `exec 3<>${mouth}; stty -echo; printf 'ready\\n'; exec cat <&3`
    await cli(['run', '--session', 'build', '--detach', '--', 'sh', '-c', script], { home })
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await cli(['session', 'end', '--all'], { home })
    await server?.stop()
  })

  /** The page of a session, in a browser that is logged in. */
  async function open(id: string, options: Parameters<typeof watchedPage>[2] = {}): Promise<Watched> {
    const watched = await watchedPage(browser, server.url, options)
    await watched.page.goto((await cli(['dashboard'], { home })).stdout.trim())
    await watched.page.waitForURL('**/dashboard')
    await watched.page.goto(`${server.url}/dashboard/sessions/${id}`)
    return watched
  }

  it('shows what its agent shows, in colours and cells, as it comes', async () => {
    const { page, context, offences } = await open('build')
    await page.locator('#glass[data-live=yes]').waitFor()
    await page.evaluate(() => Object.assign(globalThis, { stayed: true }))
    agent('\x1b[31mred\x1b[0m \x1b[38;2;1;2;3mrgb\x1b[0m 漢|\n')
    const red = page.locator('.screen .f1', { hasText: 'red' })
    await red.waitFor()
    const rgb = page.locator('.screen [data-f="#010203"]')
    assert.equal(await rgb.evaluate((part) => getComputedStyle(part).color), 'rgb(1, 2, 3)')
    const wide = await page.locator('.screen .w2').evaluate((part) => part.getBoundingClientRect().width)
    const narrow = await page
      .locator('.screen .cursor')
      .evaluate((part) => part.getBoundingClientRect().width)
    assert.ok(Math.abs(wide - 2 * narrow) < 0.1, `${wide} of ${narrow}`)
    assert.match((await page.locator('#screen-note').textContent()) ?? '', /last changed/)
    assert.equal(await page.evaluate(() => Reflect.get(globalThis, 'stayed')), true)
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('shows hostile output as text', async () => {
    const { page, context, offences } = await open('build')
    await page.locator('#glass[data-live=yes]').waitFor()
    const hostile = '</pre><img src=x onerror=alert(1)><script>alert(2)</script>'
    for (const text of ['\x1b]0;<script>alert(3)</script>\x07', ...strings, '\u202eturned', hostile])
      agent(`${text}\x1b[0m\n`)
    agent('the end of it\n')
    await page.locator('.line', { hasText: 'the end of it' }).waitFor()
    const foreign = 'main :is(script, img, iframe, object, [onerror], [onload], [onfocus], [autofocus])'
    assert.equal(await page.locator(foreign).count(), 0)
    const text = await page.locator('.screen').textContent()
    assert.ok(text?.includes('<script>alert(2)</script>'), text ?? '')
    assert.ok(!text?.includes('\u202e'))
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('shows the screen as text without a script', async () => {
    agent('\x1b[2J\x1b[Hplain \x1b[32mgreen\x1b[0m\n')
    const { page, context } = await open('build', { javaScriptEnabled: false })
    await page.locator('.screen', { hasText: 'plain green' }).waitFor()
    await page.getByLabel('Say something').fill('without a script')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.waitForURL('**/dashboard/sessions/build')
    await context.close()
  })

  it('says, cancels, pauses, resumes and ends', async () => {
    await cli(['session', 'add', 'box', '--driver', 'inbox'], { home })
    const { page, context, offences } = await open('box')
    await page.getByText('there is no terminal to look at').waitFor()
    await page.getByLabel('Say something').fill('two\nlines')
    await page.getByRole('button', { name: 'Send' }).click()
    const queued = page.locator('.queue li', { hasText: 'two' })
    await queued.getByRole('button', { name: 'Cancel' }).click()
    await page.locator('.turns li', { hasText: 'two' }).locator('.mark.failed').waitFor()
    assert.equal(await queued.count(), 0)
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.locator('.notice', { hasText: 'Paused' }).waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Pause' }).waitFor()
    await page.getByText('End…').click()
    await page.getByRole('button', { name: 'End box' }).click()
    await page.locator('h1 .state', { hasText: 'ended' }).waitFor()
    assert.equal(await page.getByLabel('Say something').count(), 0)
    assert.deepEqual(offences, [])
    await context.close()
  })

  it('shows nothing any more once its browser has logged out', async () => {
    const { page, context } = await open('build')
    const stream = `${server.url}/dashboard/sessions/build/screen`
    const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ')
    const response = await fetch(stream, { headers: { cookie } })
    const whole = response.text()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.waitForURL('**/dashboard/login?out')
    const shown = await whole
    assert.match(shown, /event: screen/)
    agent('after the logout\n')
    assert.equal((await fetch(stream, { headers: { cookie } })).status, 401)
    await context.close()
  })

  it('fits a phone, and is usable for everybody, light and dark', async () => {
    agent(
      '\x1b[2J\x1b[H\x1b[1mbold\x1b[0m \x1b[2mdim\x1b[0m \x1b[7minverse\x1b[0m \x1b[34mblue\x1b[42;30m on green \x1b[0m\n',
    )
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [390, 1280]) {
        const viewport = { width, height: 844 }
        const { page, context } = await open('build', { colorScheme, viewport, bypassCSP: true })
        await page.locator('#glass[data-live=yes]').waitFor()
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width)
        assert.deepEqual(await seriousFlaws(page), [], `${width} ${colorScheme}`)
        await context.close()
      }
  })
})
