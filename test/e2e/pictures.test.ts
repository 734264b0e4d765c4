import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { type Served, scratchHome, serve } from '../support/binary.ts'
import { logIn, noBrowser, openBrowser, type Watched, watchedPage } from '../support/browser.ts'
import { type Day, liveADay } from '../support/day.ts'

/** With POSTERN_PICTURES=docs/images they are kept: those of the README and of docs/pictures.md. */
const folder = process.env.POSTERN_PICTURES
const looking = noBrowser ? describe.skip : describe

const sizes = {
  laptop: { width: 1280, height: 720 },
  phone: { width: 390, height: 760 },
  tablet: { width: 820, height: 1180 },
  wide: { width: 1920, height: 1080 },
}
type Size = keyof typeof sizes
const everySize = Object.keys(sizes) as Size[]

interface Picture {
  readonly name: string
  readonly expected: RegExp
  /** Whose page it is: the operator's, that of nobody in particular, or of an operator who has just begun. */
  readonly of: 'operator' | 'anybody' | 'beginner'
  address(): string | Promise<string>
}

looking('pictures of the pages', { timeout: 235_000 }, () => {
  let day: Day
  let bareHome: string
  let bare: Served
  let browser: Browser
  let asked: Promise<string> | undefined

  before(async () => {
    day = await liveADay()
    bareHome = await scratchHome()
    bare = await serve(bareHome)
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await bare?.stop()
    await day?.close()
  })

  const at = (path: string): string => `${day.server.url}/dashboard${path}`
  const pictures: readonly Picture[] = [
    {
      ...{ name: 'deliveries', of: 'operator', expected: /CI failed on main/ },
      address: () => at(`?selected=${day.delivered}`),
    },
    {
      ...{ name: 'delivery', of: 'operator', expected: /I added a test for negative totals/ },
      address: () => at(`/deliveries/${day.delivered}`),
    },
    { name: 'sessions', of: 'operator', expected: /webhook-agent/, address: () => at('/sessions') },
    {
      name: 'session',
      of: 'operator',
      expected: /invoice\.test\.ts/,
      address: () => at('/sessions/coder'),
    },
    { name: 'channels', of: 'operator', expected: /GitHub Actions/, address: () => at('/channels') },
    { name: 'hooks', of: 'operator', expected: /alertmanager/, address: () => at('/hooks') },
    {
      ...{ name: 'hook', of: 'operator', expected: /What the agent gets/ },
      address: () => at('/hooks/github'),
    },
    { name: 'refused', of: 'operator', expected: /signature does not match/, address: () => at('/refused') },
    { name: 'settings', of: 'operator', expected: /What is on/, address: () => at('/settings') },
    { name: 'login', of: 'anybody', expected: /Admin token/, address: () => at('/login') },
    {
      name: 'explorer',
      of: 'anybody',
      expected: /alertmanager/,
      address: () => `${day.server.url}/docs`,
    },
    { name: 'address', of: 'anybody', expected: /This address takes messages/, address: () => day.url },
    {
      ...{ name: 'first', of: 'beginner', expected: /Nothing has knocked yet/ },
      address: () => `${bare.url}/dashboard`,
    },
    {
      ...{ name: 'decision', of: 'anybody', expected: /asks:/ },
      address: () => (asked ??= day.ask('Bash: terraform apply -target=module.billing')),
    },
  ]

  /** One login for each, as a person has. */
  const opened = new Map<Picture['of'], Promise<Watched>>()
  const openFor: Record<Picture['of'], () => Promise<Watched>> = {
    operator: () => logIn(browser, day.server, day.home),
    beginner: () => logIn(browser, bare, bareHome),
    anybody: () => watchedPage(browser, day.server.url),
  }
  const open = (of: Picture['of']): Promise<Watched> => {
    const watched = opened.get(of) ?? openFor[of]()
    opened.set(of, watched)
    return watched
  }
  // Where nobody keeps the pictures, light ones on a laptop and a phone are looked at.
  const schemes = folder === undefined ? (['light'] as const) : (['light', 'dark'] as const)
  const wanted: readonly Size[] = folder === undefined ? ['laptop', 'phone'] : everySize

  for (const picture of pictures)
    it(`of ${picture.name} show what happened`, async () => {
      const { page, offences } = await open(picture.of)
      for (const size of wanted)
        for (const colorScheme of schemes) {
          await page.setViewportSize(sizes[size])
          await page.emulateMedia({ colorScheme })
          await page.goto(await picture.address())
          await page.getByText(picture.expected).first().waitFor()
          await settledPage(page)
          const taken = await page.screenshot({ animations: 'disabled' })
          assert.ok(taken.length > 8000)
          const names = [picture.name, size, colorScheme].filter((part) => !/laptop|light/.test(part))
          if (folder !== undefined) await keep(join(resolve(folder), `${names.join('-')}.png`), taken)
        }
      assert.deepEqual(offences, [])
    })
})

/** As a person sees it: live, where it can be. */
const settledPage = (page: Page): Promise<void> =>
  page
    .locator('body:not(:has(#pulse)), #pulse:is([data-state=live], [hidden])')
    .first()
    .waitFor({ state: 'attached' })

/** In a palette of its own where pngquant is installed: that is a third of the size. */
async function keep(path: string, picture: Uint8Array): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, picture)
  spawnSync('pngquant', ['--force', '--strip', '--ext', '.png', '--quality', '70-95', path])
}
