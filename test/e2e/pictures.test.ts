import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { noBrowser, openBrowser, type Watched, watchedPage } from '../support/browser.ts'
import { addCommand, configure, hooks, post, settled } from '../support/hooks.ts'

/** With POSTERN_PICTURES=docs/images they are kept: those of the README. */
const folder = process.env.POSTERN_PICTURES
const looking = noBrowser ? describe.skip : describe
const secret = 'the secret of the repository'

looking('the pictures of the README', { timeout: 60_000 }, () => {
  let home: string
  let server: Served
  let browser: Browser
  let watched: Watched
  const shown: Record<string, string> = {}

  before(async () => {
    home = await scratchHome()
    configure(
      home,
      hooks({
        github: { preset: 'github', verify: { scheme: 'github', secret } },
        alertmanager: { preset: 'alertmanager', from: 'alertmanager' },
      }),
    )
    await addCommand(home, 'build', 'cat')
    await addCommand(
      home,
      'webhook-agent',
      'grep -q DiskFull && { echo "I cannot reach db1."; exit 1; }; echo "The rounding is right now; I added a test for negative totals."',
    )
    server = await serve(home)
    await life()
    browser = await openBrowser()
    watched = await watchedPage(browser, server.url, { viewport: { width: 1120, height: 640 } })
    await watched.page.goto((await cli(['dashboard'], { home })).stdout.trim())
    await watched.page.waitForURL('**/dashboard')
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  /** Some knocks, as a day brings them. */
  async function life(): Promise<void> {
    const push = {
      ref: 'refs/heads/main',
      compare: 'https://github.com/acme/billing/compare/1a2b...3c4d',
      repository: { full_name: 'acme/billing' },
      sender: { login: 'alice' },
      commits: [{ id: '3c4d5e6f7a8b', message: 'Fix invoice rounding', author: { name: 'Alice' } }],
    }
    const body = JSON.stringify(push)
    const github = await post(`${server.url}/api/hooks/github`, body, {
      authorization: '',
      'x-github-event': 'push',
      'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    })
    const alert = {
      ...{ version: '4', status: 'firing', receiver: 'postern', externalURL: 'http://alerts.example.com' },
      commonLabels: { alertname: 'DiskFull' },
      alerts: [
        {
          status: 'firing',
          labels: { alertname: 'DiskFull', instance: 'db1', severity: 'critical' },
          annotations: { summary: '/var is 97 % full' },
        },
      ],
    }
    const failing = await post(`${server.url}/api/hooks/alertmanager`, alert)
    for (const [label, from, message] of [
      ['GitHub Actions', 'ci', 'CI failed on main: https://github.com/acme/billing/actions/runs/42'],
      ['Alice', 'alice', 'The staging database is restored, you can go on.'],
      ['cron', 'cron', 'Summarise what changed since yesterday.'],
    ] as const) {
      const minted = await cli(['expose', '--session', 'build', '--label', label, '--quiet'], { home })
      const said = await post(minted.stdout.trim(), { message, from }, { authorization: '' })
      assert.equal(said.status, 200, said.text)
    }
    await cli(['send', '--session', 'default', '--timeout', '0', 'Call the hosting company back.'], { home })
    shown.delivery = String(github.body.deliveryId)
    await settled(home, server, shown.delivery)
    await settled(home, server, failing.body.deliveryId)
  }

  const pictures: readonly (readonly [name: string, path: () => string, expected: RegExp])[] = [
    ['webhooks', () => '/dashboard', /CI failed on main/],
    ['delivery', () => `/dashboard/deliveries/${shown.delivery}`, /I added a test for negative totals/],
    ['channels', () => '/dashboard/channels', /GitHub Actions/],
  ]
  for (const [name, path, expected] of pictures)
    it(`${name} shows what happened`, async () => {
      const { page, offences } = watched
      await page.goto(`${server.url}${path()}`)
      await page.getByText(expected).first().waitFor()
      const picture = await page.screenshot({ animations: 'disabled' })
      assert.ok(picture.length > 10_000)
      assert.deepEqual(offences, [])
      if (folder === undefined) return
      await mkdir(folder, { recursive: true })
      await writeFile(join(resolve(folder), `${name}.png`), picture)
    })
})
