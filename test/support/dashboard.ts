import type { Browser, Page } from 'playwright-core'
import { cli, type Served, scratchHome, serve } from './binary.ts'
import { logIn, openBrowser, type Watched, type watchedPage } from './browser.ts'
import { addCommand, configure, hooks } from './hooks.ts'

/** A server whose dashboard is looked at: with a hook `news`, a session `broken` that fails, and a URL for the inbox. */
export interface Dashboard {
  readonly home: string
  readonly server: Served
  readonly browser: Browser
  /** The URL of a grant of the session `default`, labelled `tests`. */
  readonly url: string
  /** The id of a delivery that has just been made, at `to` or that URL. */
  knock(message: string, to?: string): Promise<string>
  /** A page that is logged in, by a link of the operator. */
  open(options?: Parameters<typeof watchedPage>[2]): Promise<Watched>
  show(page: Page, path: string): Promise<unknown>
  close(): Promise<void>
}

export async function startDashboard(): Promise<Dashboard> {
  const home = await scratchHome()
  configure(
    home,
    hooks({
      news: { name: 'news', path: '/api/hooks/news', messageTemplate: 'News: {{headline}}', active: true },
    }),
  )
  await addCommand(home, 'broken', 'exit 3')
  const server = await serve(home)
  const minted = await cli(['expose', '--session', 'default', '--label', 'tests', '--quiet'], { home })
  const url = minted.stdout.trim()
  const browser = await openBrowser()
  return {
    ...{ home, server, browser, url },
    knock: async (message, to = url) => {
      const response = await fetch(to, {
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer: 'wait=0' },
        body: JSON.stringify({ message }),
      })
      return ((await response.json()) as { deliveryId: string }).deliveryId
    },
    open: (options) => logIn(browser, server, home, options),
    show: (page, path) => page.goto(`${server.url}${path}`),
    close: async () => {
      await browser.close()
      await server.stop()
    },
  }
}
