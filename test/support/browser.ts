import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

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

/** axe-core's rules; what it finds serious or critical, and where. The page must not enforce its policy. */
export async function seriousFlaws(page: Page): Promise<readonly string[]> {
  const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
  await page.evaluate(readFileSync(axe, 'utf8'))
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; impact: string; nodes: { html: string }[] }[]
  }
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
}

function chromiumPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path))
}
