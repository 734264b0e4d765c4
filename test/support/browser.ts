import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { cli, type Served } from './binary.ts'

/** Why tests cannot look at pages here; undefined when they can. With CI=true there is no excuse. */
export const noBrowser: string | undefined =
  chromiumPath() !== undefined || process.env.CI === 'true' ? undefined : 'chromium is not installed'

/** The Chromium of this machine. */
export function openBrowser(): Promise<Browser> {
  const executablePath = chromiumPath()
  if (executablePath === undefined) throw new Error('chromium is not installed: apt-get install chromium')
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
}

export interface Watched {
  readonly page: Page
  readonly context: BrowserContext
  /** What a page must never do: run what it was told to show, break its policy, ask another server. */
  readonly offences: string[]
}

/** A page in a browser of its own kind, watched for everything that a hostile text could make it do. */
export async function watchedPage(
  browser: Browser,
  base: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Watched> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const offences: string[] = []
  page.on('dialog', (dialog) => {
    offences.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('pageerror', (error) => offences.push(`an error: ${error.message}`))
  page.on('console', (line) => {
    if (/Content.Security.Policy/i.test(line.text())) offences.push(`a broken policy: ${line.text()}`)
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith('data:'))
      offences.push(`a request to ${request.url()}`)
  })
  return { page, context, offences }
}

/** Such a page at the dashboard of a server, let in by a link of its operator. */
export async function logIn(
  browser: Browser,
  { url }: Pick<Served, 'url'>,
  home: string,
  options: Parameters<typeof watchedPage>[2] = {},
): Promise<Watched> {
  const watched = await watchedPage(browser, url, options)
  await watched.page.goto((await cli(['dashboard'], { home })).stdout.trim())
  await watched.page.waitForURL('**/dashboard')
  return watched
}

/** axe-core's rules, or those of them that are named; what it finds serious or critical, and where. */
export async function seriousFlaws(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  if (!(await page.evaluate("'axe' in globalThis"))) {
    const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
    await page.evaluate(readFileSync(axe, 'utf8'))
  }
  const options = { ...(rules && { runOnly: rules }), resultTypes: ['violations'] }
  const { violations } = (await page.evaluate(`axe.run(${JSON.stringify(options)})`)) as {
    violations: { id: string; impact: string; nodes: { html: string }[] }[]
  }
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
}

/**
 * What a finger may miss: a control that is hit less than 44 px high (a pixel may fall between two), label and all. A link within a sentence may be as high as
 * its line (WCAG 2.5.5).
 */
export const smallTargets = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() => {
    const controls = document.querySelectorAll<HTMLElement>(
      'a[href], button, select, summary, textarea, input:not([type=hidden])',
    )
    const inSentence = (control: HTMLElement) =>
      control.tagName === 'A' &&
      [...(control.parentElement?.childNodes ?? [])].some(
        (node) => node.nodeType === Node.TEXT_NODE && /\w/.test(node.textContent ?? ''),
      )
    // A bar of a chart is as high as what it counts; the table below has its link, too.
    const isDrawn = (control: HTMLElement) => control.closest('svg') !== null
    const heightOf = (target: Element) => {
      target.scrollIntoView({ block: 'center' })
      const { left, width, top, height } = target.getBoundingClientRect()
      const isHit = (y: number) => target.contains(document.elementFromPoint(left + width / 2, y))
      const middle = top + height / 2
      const reach = (step: number) => {
        let far = 0
        while (far < 44 && isHit(middle + step * (far + 0.5))) far++
        return far
      }
      return isHit(middle) ? reach(-1) + reach(1) : 0
    }
    return [...controls]
      .filter(
        (control) =>
          control.checkVisibility() && !control.matches('.skip') && !isDrawn(control) && !inSentence(control),
      )
      .map((control) => control.closest('label') ?? control)
      .map((target) => `${heightOf(target)} px: ${target.outerHTML.slice(0, 120)}`)
      .filter((found) => Number.parseInt(found, 10) < 43)
  })

function chromiumPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path))
}
