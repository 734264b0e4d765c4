import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { spelledLines } from '../../src/domain/control-characters.ts'
import type { DecisionId } from '../../src/domain/decision.ts'
import { oneLine } from '../../src/domain/one-line.ts'
import type { SessionId } from '../../src/domain/session.ts'
import { decideUrl } from '../../src/manage/decide-link.ts'
import { addAsking, asked, isIdle, type ShownDecision } from '../support/asking.ts'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { noBrowser, openBrowser, seriousFlaws, watchedPage } from '../support/browser.ts'
import { adminToken, configure, get, hooks } from '../support/hooks.ts'
import { rounds } from '../support/long.ts'
import { inHome } from '../support/own-capability.ts'
import naughty from '../vectors/strings/blns.json' with { type: 'json' }

/** Also for many rounds, and a busy machine. */
const timeout = 1_200_000

if (noBrowser) console.log(`The page of a decision is not looked at: ${noBrowser}.`)

/** `describe` in Deno has no `skip` with a reason; its absence is printed above. */
const looking = noBrowser ? describe.skip : describe

looking('the page of a decision in a browser', () => {
  let home: string
  let server: Served
  let admin: string
  let browser: Browser

  before(async () => {
    home = await scratchHome()
    configure(home, hooks())
    server = await serve(home)
    admin = await adminToken(home)
    await addAsking(home, 'coder', '--decisions')
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  /** What the agent asks in one turn, with the link of each, and how that turn is over. */
  async function asking(titles: readonly string[]) {
    const notes = join(dirname(home), 'fake-acp')
    await mkdir(notes, { recursive: true })
    await writeFile(join(notes, 'tools.json'), JSON.stringify(titles))
    const open = await asked({ url: server.url, admin }, 'coder', 'TOOLS', titles.length)
    // One process less for each.
    const urls = await inHome(home, ({ tokens }) =>
      Promise.all(
        open.map(({ id, session, expiresAt }) =>
          decideUrl(tokens, server.url, {
            id: id as DecisionId,
            session: session as SessionId,
            expiresAt: Date.parse(expiresAt),
          }),
        ),
      ),
    )
    return {
      open: open.map((decision, n) => ({ decision, url: urls[n] ?? '' })),
      cancel: async () => {
        assert.equal((await cli(['session', 'cancel', 'coder'], { home })).code, 0)
        await isIdle({ url: server.url, admin }, 'coder')
      },
    }
  }
  const stateOf = async ({ id }: ShownDecision): Promise<string> =>
    JSON.parse((await get(`${server.url}/api/decisions/${id}`, admin)).text).state

  it('has no serious flaw on a phone, light and dark, and needs no script', { timeout }, async () => {
    const { open, cancel } = await asking([
      'Bash: npm test',
      `Bash: ${'long '.repeat(200)}`,
      `Bash: ${'x'.repeat(4000)}`,
    ])
    for (const [n, { url }] of open.entries())
      for (const colorScheme of n === 0 ? (['light', 'dark'] as const) : (['light'] as const)) {
        const { page, context, offences } = await watchedPage(browser, server.url, {
          colorScheme,
          viewport: { width: 390, height: 844 },
          bypassCSP: true,
        })
        await page.goto(url)
        assert.deepEqual(await seriousFlaws(page), [], colorScheme)
        const wide = await page.evaluate('document.documentElement.scrollWidth')
        assert.ok(Number(wide) <= 390, `${wide} px wide`)
        for (const name of ['Allow this once', 'Deny']) {
          const box = await page.getByRole('button', { name }).boundingBox()
          assert.ok(box && box.x >= 0 && box.x + box.width <= 390 && box.height >= 44, JSON.stringify(box))
        }
        assert.deepEqual(offences, [])
        await context.close()
      }
    const [one] = open
    assert.ok(one)
    const { page, context, offences } = await watchedPage(browser, server.url, { javaScriptEnabled: false })
    await page.goto(one.url)
    assert.equal(await stateOf(one.decision), 'open')
    await page.getByRole('button', { name: 'Allow this once' }).click()
    await page.getByText('It was allowed by its link.').waitFor()
    assert.equal(await stateOf(one.decision), 'allowed')
    await page.goto(one.url)
    await page.getByText('It was allowed by its link.').waitFor()
    assert.equal(await page.getByRole('button').count(), 0)
    assert.deepEqual(offences, [])
    await context.close()
    await cancel()
  })

  it('shows what nobody would see, and says where a title was cut', { timeout }, async () => {
    const hidden = 'rm \u202efdp.txt\u200b \u{e0041}\u{e0100} \u3164 a\u200db \x1b[2J'
    const long = `ls${' '.repeat(300)}; rm -rf ~`
    const { open, cancel } = await asking([hidden, long])
    const [first, second] = open
    assert.ok(first && second)
    const { page, context } = await watchedPage(browser, server.url)
    await page.goto(first.url)
    const shown = 'rm \\u202efdp.txt\\u200b \\u{e0041}\\u{e0100} \\u3164 a\\u200db'
    for (const place of ['h1', 'pre', 'title'])
      assert.ok((await page.locator(place).textContent())?.includes(shown), place)
    await page.goto(second.url)
    assert.match((await page.locator('h1').textContent()) ?? '', /…$/)
    assert.match((await page.locator('pre').textContent()) ?? '', / {300}; rm -rf ~/)
    const { stdout } = await cli(['decide', first.decision.id], { home })
    assert.ok(stdout.includes(shown))
    await context.close()
    await cancel()
  })

  it('shows naughty strings as text, whatever they are', { timeout }, async () => {
    const all = naughty.filter((text) => text.trim() !== '')
    const step = rounds(13, 1)
    const some = all.filter((_, n) => n % step === 0)
    // Whatever they are together is in the text of the requests.
    const together = [0, 1, 2].map((third) => all.filter((_, n) => n % 3 === third).join('\n'))
    const { page, context, offences } = await watchedPage(browser, server.url)
    const texts = [...together, ...some]
    for (let from = 0; from < texts.length; from += 60) {
      const { open, cancel } = await asking(texts.slice(from, from + 60))
      for (const { decision, url } of open) {
        await page.goto(url)
        assert.equal(await page.locator('h1').textContent(), spelledLines(decision.title))
        assert.equal(await page.locator('pre').textContent(), spelledLines(decision.detail))
        assert.equal(
          await page.locator('main *:is(script, img, iframe, svg, a, object, input[type=text])').count(),
          0,
        )
      }
      assert.deepEqual(
        new Set(open.map(({ decision }) => decision.title)),
        new Set(texts.slice(from, from + 60).map((text) => oneLine(oneLine(text, 200)))),
      )
      for (const { decision } of open) assert.equal(await stateOf(decision), 'open')
      await cancel()
    }
    assert.deepEqual(offences, [])
    await context.close()
  })
})
