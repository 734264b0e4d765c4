import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { openPane, type Pane } from '../support/agents/pane.ts'
import { type AgentBench, openAgent, without } from '../support/agents.ts'
import type { Served } from '../support/binary.ts'
import { noBrowser, openBrowser, type Watched, watchedPage } from '../support/browser.ts'
import { blocksIn, documentOf, posternOnPath, shell } from '../support/documents.ts'
import { configure, until } from '../support/hooks.ts'
import { openReceiver, type Receiver } from '../support/receiver.ts'

const guide = await documentOf('approve-from-your-phone.md')
const blocks = blocksIn(guide)
const skip = without('claude') || (noBrowser ?? false)
const options = { skip, timeout: 200_000 }
const startMs = 100_000
/** With POSTERN_PICTURES=docs/images the page is kept: that of the guide. */
const pictures = process.env.POSTERN_PICTURES

describe('the guide to approving from a phone, as it is written, with Claude Code', () => {
  let bench: AgentBench
  let server: Served
  let phone: Receiver
  let browser: Browser
  let pane: Pane
  let env: Readonly<Record<string, string>>

  /** The guide's home is that of the test. */
  const here = (text: string) =>
    text.replaceAll('~/.postern', bench.home).replaceAll('https://ntfy.sh', phone.url)
  const paste = (text: string) => shell(here(text), { env, cwd: bench.place.cwd })

  before(async () => {
    if (skip) return
    ;[bench, phone, browser] = await Promise.all([openAgent('claude'), openReceiver(), openBrowser()])
    const bin = await posternOnPath(dirname(bench.program))
    env = { ...bench.env, PATH: `${bin}:${bench.env.PATH}`, POSTERN_HOME: bench.home }
    const [choose = '', check = ''] = blocks('1. Be told', 'sh')
    const [printing = '', starting = ''] = blocks('2. Let people decide', 'sh')
    await paste(choose)
    const { notify } = JSON.parse(blocks('1. Be told', 'json')[0] ?? '')
    const [, template] = /"template": "(\{\{[^"]+)"/.exec(guide) ?? []
    configure(bench.home, {
      notify: [...notify, { on: ['needs_input'], url: `${phone.url}/discreet`, template }],
      server: { callbacks: { allow: ['127.0.0.1'] } },
    })
    await paste(check.split('\n')[0] ?? '')
    server = await bench.serve()
    await paste(printing)
    pane = await openPane({ ...bench, env }, ['sh', '-c', here(starting)])
    await until('it is ready', async () => /❯/.test(await pane.screen()) || undefined, startMs)
  })

  after(async () => {
    await server?.stop()
    await bench?.postern('session', 'end', '--all')
    await pane?.close()
    await browser?.close()
    phone?.close()
    await bench?.close()
  })

  const file = (name: string) => join(bench.place.cwd, '..', name)

  /** The person asks for something that wants a permission, and leaves. Resolves with what the phone shows. */
  const leaves = async (name: string) => {
    await pane.write(`TOOL:touch ${file(name)}`)
    await pane.shows(new RegExp(`touch ${file(name)}`))
    await pane.press('Enter')
    await pane.shows(/Do you want to proceed/)
    return phone.next(({ path, body }) => path !== '/discreet' && body.includes(file(name)))
  }
  const opens = async (link: unknown): Promise<Watched> => {
    const watched = await watchedPage(browser, server.url, { viewport: { width: 390, height: 700 } })
    await watched.page.goto(String(link))
    return watched
  }
  const timeline = async () => JSON.parse((await paste('postern decide ls --all --json')).stdout)

  it('the phone shows what is asked, and Allow on its page lets the terminal go on', options, async () => {
    const { headers, body } = await leaves('allowed')
    assert.equal(headers.title, 'desk needs you')
    assert.match(
      body,
      /^permission: Bash: touch \S+allowed\n\{\n {2}"tool_name": "Bash",\n {2}"tool_input": \{/,
    )
    assert.equal(headers.actions, `view, Decide, ${headers.click}`)
    const discreet = await phone.next(({ path }) => path === '/discreet')
    assert.equal(discreet.body, `desk needs you: ${headers.click}`)
    const { page, offences } = await opens(headers.click)
    await page.getByText('The agent of session desk asks:').waitFor()
    if (pictures) await keep(await page.screenshot({ animations: 'disabled' }))
    assert.equal(existsSync(file('allowed')), false)
    await page.getByRole('button', { name: 'Allow this once' }).click()
    await pane.shows(/Allowed by PermissionRequest hook/)
    await until('the tool ran', () => existsSync(file('allowed')) || undefined)
    assert.deepEqual(offences, [])
  })

  it('Deny: the agent is told so, and its turn goes on', options, async () => {
    const { headers } = await leaves('denied')
    const { page } = await opens(headers.click)
    await page.getByRole('button', { name: 'Deny' }).click()
    await pane.shows(/TOOL-RESULT:[\s\S]*denied/)
    assert.equal(existsSync(file('denied')), false)
  })

  it('a shell decides as well', options, async () => {
    await leaves('by-shell')
    const [listing = '', deciding = ''] = (blocks('3. Decide', 'sh')[0] ?? '').split('\n')
    const { stdout } = await paste(listing)
    const id = /dec_([0-9a-z]{4})/i.exec(stdout)?.[1] ?? ''
    await paste(deciding.replace('9f3c', id))
    await until('the tool ran', () => existsSync(file('by-shell')) || undefined)
  })

  it('answered at the desk, the link says so and has no buttons', options, async () => {
    const { headers } = await leaves('at-the-desk')
    const isGone = async () => !/Do you want to proceed/.test(await pane.screen()) || undefined
    // A key that comes right behind the dialog is overlooked.
    await until('the dialog is gone', async () => {
      await pane.press('1')
      return until('it closes', isGone, 3000).catch(() => undefined)
    })
    await until('the decision is over', async () => (await timeline())[0].state === 'elsewhere' || undefined)
    const { page } = await opens(headers.click)
    await page.getByText('answered where the agent runs').waitFor()
    assert.equal(await page.getByRole('button').count(), 0)
    assert.deepEqual(
      (await timeline()).map(({ state }: { state: string }) => state),
      ['elsewhere', 'allowed', 'denied', 'allowed'],
    )
  })

  it('a pane of tmux in which a person starts Claude Code is the same', options, async () => {
    await bench.postern('session', 'end', 'desk')
    await pane.close()
    pane = await openPane({ ...bench, env }, ['sh'])
    for (const line of here(blocks('2. Let people decide', 'sh')[2] ?? '')
      .trim()
      .split('\n')) {
      await pane.write(line)
      await pane.press('Enter')
    }
    await until('it is ready', async () => /❯/.test(await pane.screen()) || undefined, startMs)
    const { page } = await opens((await leaves('in-tmux')).headers.click)
    await page.getByRole('button', { name: 'Allow this once' }).click()
    await until('the tool ran', () => existsSync(file('in-tmux')) || undefined)
  })
})

async function keep(picture: Uint8Array): Promise<void> {
  await mkdir(String(pictures), { recursive: true })
  await writeFile(join(resolve(String(pictures)), 'decide.png'), picture)
}
