import assert from 'node:assert/strict'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { blocksIn, documentOf, shell as pasted } from '../support/documents.ts'
import { addCommand, configure, until } from '../support/hooks.ts'

const blocks = blocksIn(await documentOf('recipes.md'))

const secrets = {
  SECRET: 'the shared secret of the recipes',
  GITHUB_WEBHOOK_SECRET: 'the secret of the repository',
  GRAFANA_WEBHOOK_SECRET: 'the secret of the contact point',
}

describe('the recipes, as they are written', () => {
  let home: string
  let server: Served
  let url: string

  const shell = async (text: string, env: Record<string, string> = {}): Promise<Record<string, unknown>> => {
    const here = text.replaceAll('https://postern.example.com', server.url)
    const all = { ...secrets, PATH: process.env.PATH ?? '', POSTERN_URL: url, ...env }
    const { stdout } = await pasted(here, { env: all, cwd: home })
    return JSON.parse(stdout.slice(stdout.indexOf('{'))) as Record<string, unknown>
  }
  const got = (wanted: RegExp) =>
    until(
      `the agent gets ${wanted}`,
      async () => wanted.exec(await readFile(join(home, 'got'), 'utf8').catch(() => ''))?.[0],
    )

  before(async () => {
    home = await scratchHome()
    configure(home, blocks(undefined, 'json')[0] ?? '')
    await mkdir(home, { recursive: true })
    for (const session of ['build', 'review', 'webhook-agent'])
      await addCommand(home, session, `tee -a ${home}/got`, secrets)
    server = await serve(home, { env: secrets })
    url = (await cli(['expose', '--session', 'build', '--quiet'], { home, env: secrets })).stdout.trim()
  })
  after(() => server.stop())

  it('curl says something to a session', async () => {
    const [json = '', text = ''] = blocks('curl', 'sh')
    assert.equal((await shell(json)).status, 'delivered')
    assert.ok(await got(/\[ci\] deploy finished, look at the logs/))
    assert.equal((await shell(text.replace('uptime', 'echo up since Monday'))).status, 'delivered')
    assert.ok(await got(/up since Monday/))
  })

  it('curl starts a turn, waits for it, and looks what became of it', async () => {
    const [, , waiting = '', asking = ''] = blocks('curl', 'sh')
    assert.equal((await shell(waiting)).response, 'Summarise the errors of the last hour')
    const record = await shell(asking)
    assert.equal(record.message, 'Review the deployment')
    assert.equal(record.callbackUrl, 'https://ci.example.com/answers')
  })

  it('GitHub Actions tells of a failed job', async () => {
    const [step = ''] = blocks('GitHub Actions', 'yaml')
    const script = step.slice(step.indexOf('run: |') + 'run: |'.length)
    const env = {
      GITHUB_RUN_ID: '42',
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_REF_NAME: 'main',
      GITHUB_REPOSITORY: 'acme/billing',
      RUN: 'https://github.com/acme/billing/actions/runs/42',
    }
    const first = await shell(script, env)
    assert.equal((await shell(script, env)).deliveryId, first.deliveryId)
    assert.ok(
      await got(
        /CI failed on main of acme\/billing: https:\/\/github\.com\/acme\/billing\/actions\/runs\/42/,
      ),
    )
  })

  it('cron asks once a day', async () => {
    const [table = ''] = blocks('cron', 'crontab')
    const [, line = ''] = table.split('\n')
    const command = line.replace(/^(\S+\s+){5}/, '').replaceAll('\\%', '%')
    const first = await shell(command)
    assert.equal((await shell(command)).deliveryId, first.deliveryId)
    assert.ok(await got(/Summarise what changed since yesterday\./))
  })

  for (const [name, said] of [
    ['GitHub webhook', /Push to .*acme\/billing.*3c4d5e6.*Fix invoice rounding/s],
    [
      'Alertmanager',
      /\[alertmanager\] Alertmanager: 1 firing \(DiskFull\)\n- firing: DiskFull on db1 \(critical\): \/var is 97 % full/,
    ],
    [
      'Grafana',
      /\[grafana\] Grafana: 1 firing: \[FIRING:1\] High latency\n- firing: High latency: p99 over 2 s/,
    ],
  ] as const)
    it(`${name} starts a turn`, async () => {
      const { status, session } = await shell(blocks(name, 'sh')[0] ?? '')
      assert.deepEqual([status, session], ['accepted', 'review'])
      assert.ok(await got(said))
    })
})
