import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parseYaml } from '@redocly/openapi-core'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { blocksIn, documentOf, posternOnPath, shell } from '../support/documents.ts'
import { addCommand, until } from '../support/hooks.ts'

const blocks = blocksIn(await documentOf('wait-for-ci.md'))
const commit = '3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f90a1b2c3'

/** A job of either system, as much as is looked at. */
interface Job {
  readonly steps: readonly { readonly env: Readonly<Record<string, string>>; readonly run: string }[]
  readonly script: readonly string[]
  readonly extends: string
  readonly variables: Readonly<Record<string, string>>
  readonly rules: readonly object[]
}

/** The jobs of the block with that number. */
const jobsIn = (index: number) =>
  parseYaml(blocks('3. Let CI answer', 'yaml')[index] ?? '') as Readonly<Record<string, Job>>

describe('the guide to waiting for CI, as it is written', () => {
  let home: string
  let server: Served
  let env: Readonly<Record<string, string>>

  const run = (text: string, more: Readonly<Record<string, string>> = {}) =>
    shell(text, { env: { ...env, ...more }, cwd: home })
  const got = (wanted: RegExp) =>
    until(
      `the agent gets ${wanted}`,
      async () => wanted.exec(await readFile(join(home, 'got'), 'utf8').catch(() => ''))?.[0],
    )
  const armed = async (what: string) => {
    const { code, stdout, stderr } = await cli(['wait', '--session', 'build', '--what', what, '--quiet'], {
      home,
    })
    assert.equal(code, 0, stderr)
    return stdout.trim()
  }

  before(async () => {
    home = await scratchHome()
    await addCommand(home, 'build', `tee -a ${home}/got`)
    server = await serve(home)
    const folder = await posternOnPath(join(home, '../bin'))
    env = { PATH: `${folder}:${process.env.PATH}`, HOME: home, POSTERN_HOME: home }
  })
  after(() => server.stop())

  it('GitHub Actions tells of its commit, once, and of no other', async () => {
    const step = jobsIn(0)['wake-the-agent']?.steps[0]
    assert.deepEqual(Object.keys(step?.env ?? {}), ['WAIT', 'COMMIT', 'RUN', 'JOBS'])
    const url = await armed(`CI of ${commit.slice(0, 7)}`)
    const ofCommit = (sha: string) =>
      run(step?.run ?? '', {
        WAIT: `${commit} ${url}`,
        COMMIT: sha,
        RUN: 'https://github.com/acme/billing/actions/runs/42',
        JOBS: '{\n  "build": {\n    "result": "failure",\n    "outputs": {}\n  }\n}',
        GITHUB_RUN_ID: '42',
      })
    assert.match((await ofCommit('f00d')).stdout, /Nobody waits for f00d/)
    const first = JSON.parse((await ofCommit(commit)).stdout)
    assert.ok(
      await got(/\[postern\] wait w_\w+ answered after \w+: CI of 3c4d5e6\n[\s\S]*"result": "failure"/),
    )
    assert.equal(JSON.parse((await ofCommit(commit)).stdout).deliveryId, first.deliveryId)
    const later = await run(step?.run ?? '', {
      WAIT: `${commit} ${url}`,
      COMMIT: commit,
      RUN: '',
      JOBS: '{}',
      GITHUB_RUN_ID: '43',
    })
    assert.match(later.stdout, /That wait is over/)
    assert.match((await run(step?.run ?? '', { WAIT: '', COMMIT: commit })).stdout, /Nobody waits/)
  })

  it('GitLab tells how its pipeline ended', async () => {
    const jobs = jobsIn(1)
    const script = jobs['.wake-the-agent']?.script[0] ?? ''
    for (const [name, when] of [
      ['wake-the-agent-success', 'on_success'],
      ['wake-the-agent-failure', 'on_failure'],
    ] as const) {
      const { extends: base, variables = {}, rules }: Partial<Job> = jobs[name] ?? {}
      assert.deepEqual([base, rules], ['.wake-the-agent', [{ if: '$POSTERN_WAIT', when }]])
      await run(script, {
        ...variables,
        POSTERN_WAIT: await armed(`the pipeline: ${name}`),
        CI_PIPELINE_ID: '7',
        CI_PIPELINE_URL: 'https://gitlab.com/acme/billing/-/pipelines/7',
      })
      assert.ok(
        await got(
          new RegExp(
            `the pipeline: ${name}\n.*"status":"${variables.STATUS}","pipeline":"https://gitlab`,
            's',
          ),
        ),
      )
    }
  })

  it('a shell tells the end of its log', async () => {
    const [text = ''] = blocks('3. Let CI answer', 'sh')
    await writeFile(join(home, 'Makefile'), 'test:\n\t@echo 3 of 40 tests failed; false\n')
    await run(text, { POSTERN_WAIT: await armed('make test') })
    assert.ok(await got(/: make test\n[\s\S]*make test: failed\n3 of 40 tests failed/))
  })

  it('postern wait gives a URL, and tells by its exit code what became of it', async () => {
    const [minting = '', blocking = ''] = blocks('Without MCP', 'sh')
    const { stdout } = await run(`${minting}curl -fsS "$URL" -H 'Content-Type: text/plain' -d green`)
    assert.equal(JSON.parse(stdout).status, 'delivered')
    assert.ok(await got(/You planned: open the pull request\n[\s\S]*green/))
    await assert.rejects(run(blocking.replace('--block 45', '--block 1')), { code: 3 })
  })
})
