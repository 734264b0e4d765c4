import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { logIn, noBrowser, openBrowser } from '../support/browser.ts'
import { addCommand, adminToken, configure, hooks, post, secret, settled } from '../support/hooks.ts'
import { inHome } from '../support/own-capability.ts'
import { refusalOf } from '../support/refusals.ts'
import naughty from '../vectors/strings/blns.json' with { type: 'json' }

if (noBrowser) console.log(`The dashboard is not looked at: ${noBrowser}.`)

/** `describe` in Deno has no `skip` with a reason; its absence is printed above. */
const looking = noBrowser ? describe.skip : describe

const hostile = '"><img src=x onerror=alert(1)>'
const strings = [hostile, ...naughty].filter((text) => text.trim() !== '')
const foreign =
  ':is(body, title) :is(script, img, iframe, object, embed, style, base, [onerror], [onload], [onfocus], [autofocus]):not(.brand *)'

looking('naughty strings in every field that pages show', { timeout: 235_000 }, () => {
  let home: string
  let server: Served
  let browser: Browser
  let url: string
  let deliveries: readonly string[]

  before(async () => {
    home = await scratchHome()
    const news = { messageTemplate: 'News: {{headline}}' }
    configure(home, {
      ...hooks({ news }),
      limits: { knocksPerMinute: 10_000 },
    })
    await addCommand(home, 'echo', 'cat; tee /dev/stderr </dev/null')
    await addCommand(home, 'broken', 'cat >&2; exit 3')
    server = await serve(home)
    url = (
      await cli(['expose', '--session', 'default', '--label', hostile, '--quiet'], { home })
    ).stdout.trim()
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  /** `act` for all of them, eight at a time. */
  async function forAll(act: (text: string) => Promise<unknown>): Promise<void> {
    for (let from = 0; from < strings.length; from += 8)
      await Promise.all(strings.slice(from, from + 8).map(act))
  }

  async function isInert(page: Page, address: string): Promise<void> {
    await page.goto(address)
    assert.equal(await page.locator(foreign).count(), 0, address)
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), address)
  }

  /** All pages of a list, to the oldest. */
  async function isInertThroughout(page: Page, address: string): Promise<number> {
    let seen = 0
    for (let next: string | null = address; next !== null; seen++) {
      await isInert(page, new URL(next, server.url).href)
      const older = page.locator('a[rel=next]')
      next = (await older.count()) > 0 ? await older.first().getAttribute('href') : null
    }
    return seen
  }

  it('are stored: messages, senders, labels, names and values of payloads, answers, failures, refusals', async () => {
    const admin = await adminToken(home)
    const headers = { authorization: '', prefer: 'wait=0' }
    await forAll(async (text) => {
      const taken = await post(url, { message: text, from: text }, { ...headers, 'user-agent': latin(text) })
      assert.ok([202, 422].includes(taken.status), taken.text)
      const order = { session: 'default', label: text }
      const minted = await post(`${server.url}/api/grants`, order, { authorization: `Bearer ${admin}` })
      assert.ok([200, 201, 422].includes(minted.status), minted.text)
    })
    const refusals = strings.map((text, n) =>
      refusalOf({
        ...{ at: Date.now(), door: `/api/hooks/${text}`, cause: `header ${text} missing` },
        ...{ userAgent: text, peer: `192.0.2.${n}` },
      }),
    )
    await inHome(home, ({ store }) => store.recordRefusals(refusals, []))
    const ids: string[] = []
    for (const session of ['echo', 'broken']) {
      const exposed = (await cli(['expose', '--session', session, '--quiet'], { home })).stdout.trim()
      for (let third = 0; third < 3; third++) {
        const message = strings.filter((_, n) => n % 3 === third).join('\n')
        const { body, text } = await post(exposed, { message }, { authorization: '', prefer: 'wait=0' })
        assert.equal(typeof body.deliveryId, 'string', text)
        ids.push(String(body.deliveryId))
      }
    }
    const payload = { headline: hostile, ...Object.fromEntries(strings.map((text) => [text, text])) }
    const knocked = await post(`${server.url}/api/hooks/news`, payload, {
      authorization: `Bearer ${secret}`,
      'user-agent': latin(hostile),
    })
    assert.ok(knocked.status < 300, knocked.text)
    for (const id of ids.slice(0, 3)) assert.ok((await settled(home, server, id)).answer?.includes('alert'))
    deliveries = [...ids, String(knocked.body.deliveryId)]
  })

  it('are text on every page', async () => {
    const { page, context, offences } = await logIn(browser, server, home)
    const at = (path: string) => `${server.url}/dashboard${path}`
    assert.ok((await isInertThroughout(page, at(''))) > 5)
    assert.ok((await isInertThroughout(page, at('/channels'))) > 5)
    const query = new URLSearchParams({ text: hostile, grant: hostile, since: hostile })
    for (const path of [
      `?${query}`,
      '?chart=24h',
      '/refused',
      '/sessions',
      ...['default', 'echo', 'broken'].map((session) => `/sessions/${session}`),
      '/hooks',
      '/hooks/news',
      '/settings',
      '/bulk/retry',
      `/sessions/${encodeURIComponent(hostile)}`,
      ...deliveries.flatMap((id) => [`/deliveries/${id}`, `?selected=${id}`]),
    ])
      await isInert(page, at(path))
    assert.deepEqual(offences, [])
    await context.close()
  })
})

/** What a header can carry of a text. */
const latin = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').trim() || '?'
