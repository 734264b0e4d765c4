import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { documentOf } from '../support/documents.ts'
import { until } from '../support/hooks.ts'
import { noPrograms as skip } from '../support/stand-ins.ts'
import { openTutorial, type Tutorial } from '../support/tutorial.ts'

const fakeAgent = resolve(import.meta.dirname, '../fixtures/fake-tui.mjs')

describe('the tutorial, block by block', { timeout: 120_000 }, () => {
  let folder: string
  let tutorial: Tutorial

  before(async () => {
    if (skip) return
    folder = mkdtempSync(join(tmpdir(), 'postern-tutorial-'))
    const home = join(folder, 'home')
    await mkdir(home)
    const env = { FAKE_TUI_LOG: join(folder, 'heard') }
    tutorial = await openTutorial({ folder, home, agent: `exec node '${fakeAgent}'`, env })
  })

  after(async () => {
    if (skip) return
    await tutorial.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('1: installs the release', { skip }, async () => {
    const { stdout } = await tutorial.paste('1. Install')
    assert.match(stdout, /^Installed postern \S+: .*\/\.local\/bin\/postern$/m)
    assert.match((await tutorial.paste('1. Install', 1)).stdout, /^postern \d/)
  })

  it('2 to 4: the agent’s pane becomes a session, and hears what is said', { skip }, async () => {
    await tutorial.paste('2. Start the agent')
    await tutorial.paste('3. Configure the hook')
    await until('the agent is ready', async () => /Type your message/.test(tutorial.screen()) || undefined)
    const { stdout } = await tutorial.paste('4. Start the server, and make the pane a session')
    assert.match(stdout, /claude +tmux.* live/)
    const sent = await tutorial.paste('4. Start the server, and make the pane a session', 1)
    assert.match(sent.stdout + sent.stderr, /delivered/i)
    await until('it heard', async () => (await heard()).includes('Say hello.') || undefined)
  })

  it('5: the door is open, with a certificate', { skip }, async () => {
    await tutorial.paste('5. Open the door')
    await until(
      'Caddy has its authority',
      async () => (await readFile(tutorial.authority, 'utf8').catch(() => '')) || undefined,
    )
    assert.match((await tutorial.paste('5. Open the door', 1)).stdout, /ok/)
  })

  it('6: a signed push reaches the agent, a forged one is refused and explained', { skip }, async () => {
    const { stdout } = await tutorial.paste('6. Knock as GitHub would')
    assert.equal(JSON.parse(stdout).status, 'accepted')
    await until(
      'it heard of the push',
      async () => (await heard()).includes('Fix invoice rounding') || undefined,
    )
    assert.match(await heard(), /Look at what changed\. Say what could break; change nothing\./)
    await until('the list says so', async () => {
      const seen = (await tutorial.paste('6. Knock as GitHub would', 1)).stdout
      return (/DELIVERED/i.test(seen) && seen.includes('done:')) || undefined
    })
    const refused = (await tutorial.paste('6. Knock as GitHub would', 2)).stdout
    assert.match(refused, /"status":401/)
    await until('the refusal is explained', async () => {
      const { stdout } = await tutorial.paste('6. Knock as GitHub would', 3)
      return /signature does not match/.test(stdout) || undefined
    })
    assert.ok(!(await heard()).includes('tutorial-2'))
  })

  it('7: prints the secret for GitHub; no block of the page is left out', { skip }, async () => {
    assert.match((await tutorial.paste('7. Tell GitHub')).stdout, /^\S{16,}\n$/)
    const all = [...(await documentOf('tutorial.md')).matchAll(/^```(\w+)\n(.*?)^```/gms)]
    for (const [, kind, text = ''] of all) assert.ok(kind === 'sh' && tutorial.taught.has(text), text)
  })

  const heard = (): Promise<string> => readFile(join(folder, 'heard'), 'utf8').catch(() => '')
})
