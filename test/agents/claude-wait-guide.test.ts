import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parseYaml } from '@redocly/openapi-core'
import { openPane, type Pane } from '../support/agents/pane.ts'
import { rowsBelow } from '../support/agents/place.ts'
import { type AgentBench, openAgent, without } from '../support/agents.ts'
import type { Served } from '../support/binary.ts'
import { blocksIn, documentOf, posternOnPath, sectionIn, shell } from '../support/documents.ts'
import { until } from '../support/hooks.ts'

const guide = await documentOf('wait-for-ci.md')
const blocks = blocksIn(guide)
const skip = without('claude')
const options = { skip, timeout: 200_000 }
const startMs = 100_000
const tools = '1. Give the agent its tools'

describe('the guide to waiting for CI, as it is written, with Claude Code', () => {
  let bench: AgentBench
  let server: Served
  const panes: Pane[] = []
  let env: Readonly<Record<string, string>>

  const paste = (text: string, more: Readonly<Record<string, string>> = {}) =>
    shell(text, { env: { ...env, ...more }, cwd: bench.place.cwd })
  /** Resolves with the message that woke it. A long paste is handed to its model between tags. */
  const woken = (first: RegExp) =>
    until(
      `it is woken: ${first}`,
      () =>
        bench
          .userMessages()
          .map((message) => message.replace(/\s*<\/?pasted_content\b[^>]*>\s*/g, ''))
          .find((message) => first.test(message)),
      startMs,
    ).catch((error: unknown) => {
      throw new Error(`${error}\n${bench.userMessages().join('\n---\n')}`)
    })

  const toolServers = async () =>
    (await bench.processes()).filter(({ command }) => /postern\S* mcp/.test(command)).length

  /** A person's terminal, in which this line is typed and Claude Code comes up. */
  const opens = async (line: string): Promise<Pane> => {
    const pane = await openPane({ ...bench, env }, ['sh', '-c', line])
    panes.push(pane)
    await until('it is ready', async () => /❯/.test(await pane.screen()) || undefined, startMs)
    await until('its tools run', async () => (await toolServers()) === 1 || undefined, startMs)
    await tells(pane, 'SAY:good morning', /● good morning/)
    return pane
  }

  /** What the model would do of itself: the person spells it out. */
  const tells = async (pane: Pane, directive: string, answer: RegExp) => {
    await pane.write(directive)
    await until('it is typed', async () => (await pane.screen()).includes(directive.slice(-20)) || undefined)
    await pane.press('Enter')
    await pane.shows(answer)
  }

  before(async () => {
    if (skip) return
    bench = await openAgent('claude')
    const bin = await posternOnPath(dirname(bench.program))
    env = { ...bench.env, PATH: `${bin}:${bench.env.PATH}`, POSTERN_HOME: bench.home }
    await writeFile(join(bin, 'gh'), `#!/bin/sh\nprintf %s "$5" > '${join(bench.place.home, 'secret')}'\n`)
    await chmod(join(bin, 'gh'), 0o755)
    server = await bench.serve()
    const [register = '', start = ''] = blocks(tools, 'sh')
    await paste(register)
    await mkdir(join(bench.place.home, '.claude'), { recursive: true })
    await writeFile(join(bench.place.home, '.claude/settings.json'), blocks(tools, 'json')[0] ?? '')
    // As it is when it asks before each tool: those of the guide are allowed.
    await opens(
      start.replace(' claude', " claude --permission-mode default '--allowedTools=Bash(postern wait:*)'"),
    )
  })

  after(async () => {
    await server?.stop()
    await bench?.postern('session', 'end', '--all')
    for (const pane of panes) await pane.close()
    await bench?.close()
  })

  const order = {
    what: 'CI of 3c4d5e6',
    then: 'if red: fix what failed, push again; if green: open the pull request',
    orElse: 'look at the run yourself: gh run list --commit 3c4d5e6',
  }
  const requests = () => bench.model.requests().length
  /** In its transcripts. */
  const urls = (): readonly string[] =>
    JSON.stringify(rowsBelow(bench.place.home)).match(/http:\/\/127\.0\.0\.1:\d+\/hook\/[\w.-]+/g) ?? []
  /** Has the agent call its tool; resolves with the URL. */
  const waits = async (pane: Pane, wanted: object, answer = /TOOL-RESULT/): Promise<string> => {
    const before = urls()
    await tells(pane, `CALL:wait_for ${JSON.stringify(wanted)}`, answer)
    return until('it has the URL', () => urls().find((url) => !before.includes(url)))
  }

  it(
    'the agent ends its turn, and is woken once with what CI says and what it planned',
    options,
    async () => {
      const [pane] = panes
      assert.ok(pane)
      const url = await waits(pane, order)
      const handOver = /gh secret set .*/.exec(blocks('2. Tell the agent', 'markdown')[0] ?? '')?.[0] ?? ''
      await paste(`git init -q --bare ../origin.git; git init -q; git remote add origin ../origin.git
      git config push.autoSetupRemote true
      git -c user.name=a -c user.email=a@b commit -q --allow-empty -m "Fix invoice rounding"`)
      await paste(handOver.replace('URL', url))
      const before = requests()
      await paste(jobOf(blocks('3. Let CI answer', 'yaml')[0] ?? ''), {
        WAIT: await readFile(join(bench.place.home, 'secret'), 'utf8'),
        COMMIT: (await paste('git --git-dir ../origin.git rev-parse HEAD')).stdout.trim(),
        ...{ RUN: 'https://github.com/acme/billing/actions/runs/42', GITHUB_RUN_ID: '42' },
        JOBS: '{"build":{"result":"failure","outputs":{}}}',
      })
      assert.match(await woken(/^\[postern\] wait \w+ answered/), likeIn('What the agent sees'))
      await until('its turn is over', () => requests() > before || undefined)
      assert.equal(bench.model.requests().slice(before).filter(called).length, 0, 'it polled')
    },
  )

  it('the agent is told when nobody answers', options, async () => {
    const [pane] = panes
    assert.ok(pane)
    await waits(pane, { ...order, ttlSeconds: 30 }, /ttlSeconds":30[\s\S]*TOOL-RESULT/)
    const { stdout } = await paste('postern session show build')
    assert.match(stdout, /CI of 3c4d5e6/)
    assert.match((await paste('postern ls')).stdout, /wait: CI of 3c4d5e6/)
    assert.match(await woken(/^\[postern\] wait \w+ ended/), likeIn('When nobody answers'))
  })

  it("in the agent's own shell, postern wait finds the session", options, async () => {
    const [pane] = panes
    assert.ok(pane)
    await tells(pane, 'TOOL:postern wait --what "the linter" --quiet', /TOOL-RESULT: http/)
    assert.match((await paste('postern session show build')).stdout, /the linter/)
  })

  it('Claude Code that was there before Postern finds its session, too', options, async () => {
    await paste('postern session end build')
    await until('it is gone', async () => (await toolServers()) === 0 || undefined)
    const pane = await opens('claude')
    await paste(/`(postern session add build[^`]*)`/.exec(guide)?.[1] ?? '')
    const url = await waits(pane, { what: 'the deploy' })
    await paste(blocks('3. Let CI answer', 'sh')[0] ?? '', { POSTERN_WAIT: url })
    assert.match(await woken(/answered after \w+: the deploy/), /make test: failed/)
  })
})

const called = ({ decided }: { readonly decided: object }) => 'call' in decided

/** What the shell of its only step runs. */
const jobOf = (text: string): string =>
  (parseYaml(text) as { 'wake-the-agent': { steps: readonly { run: string }[] } })['wake-the-agent'].steps[0]
    ?.run ?? ''

/** The message that a section shows, with ids, marks and times of any kind. */
function likeIn(section: string): RegExp {
  const shown = /(?:^ {4}.*\n)+/m.exec(sectionIn(guide, section))?.[0] ?? ''
  const pattern = shown
    .replace(/^ {4}/gm, '')
    .trim()
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/w_\w{12}|whd_\w{24}|[0-9a-f]{16}/g, '\\w+')
    .replace(/\d+m\d+s/g, '\\w+')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\dZ/g, '[\\dTZ:-]+')
  return new RegExp(`^${pattern}$`)
}
