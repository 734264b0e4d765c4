import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { parseYaml } from '@redocly/openapi-core'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { addCommand } from '../support/hooks.ts'

const folder = resolve(import.meta.dirname, '../../action')

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string; readonly required?: boolean }>>
  readonly outputs: Readonly<Record<string, { readonly value: string }>>
  readonly runs: {
    readonly using: string
    readonly steps: readonly [{ readonly run: string; readonly env: Readonly<Record<string, string>> }]
  }
}

const action = parseYaml(await readFile(join(folder, 'action.yml'), 'utf8')) as Action

/** What GitHub gives to the step of one job. */
const github = {
  GITHUB_ACTION_PATH: folder,
  GITHUB_REPOSITORY: 'acme/billing',
  GITHUB_RUN_ID: '4211',
  GITHUB_RUN_ATTEMPT: '1',
  GITHUB_JOB: 'deploy',
}

interface Ran {
  readonly code: number
  readonly log: string
  readonly outputs: Readonly<Record<string, string>>
}

/** Runs the step as a runner does: expressions are filled in, outputs read from the file it names. */
async function knock(
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
  job = '0',
): Promise<Ran> {
  for (const name of Object.keys(inputs)) assert.ok(name in action.inputs, name)
  const [step] = action.runs.steps
  const context: Readonly<Record<string, string>> = { 'github.action': '__self', 'strategy.job-index': job }
  const filled = (text: string) =>
    text.replace(/\$\{\{ ([\w.-]+) \}\}/g, (_, name: string) => {
      const input = name.replace('inputs.', '')
      return name.startsWith('inputs.')
        ? (inputs[input] ?? action.inputs[input]?.default ?? '')
        : (context[name] ?? assert.fail(name))
    })
  const scratch = await mkdtemp(join(tmpdir(), 'postern-action-'))
  const file = join(scratch, 'output')
  await writeFile(file, '')
  const all = {
    PATH: process.env.PATH ?? '',
    ...github,
    GITHUB_OUTPUT: file,
    ...Object.fromEntries(Object.entries(step.env).map(([name, text]) => [name, filled(text)])),
    ...env,
  }
  const { code, log } = await new Promise<Omit<Ran, 'outputs'>>((done) =>
    execFile(
      'bash',
      ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run],
      { env: all },
      (error, stdout, stderr) => done({ code: error ? Number(error.code) : 0, log: stdout + stderr }),
    ),
  )
  const written = await readFile(file, 'utf8')
  await rm(scratch, { recursive: true })
  const outputs = [...written.matchAll(/^(\w+)<<(.+)\n([\s\S]*?)\n\2$/gm)].map(
    ([, name = '', , value = '']) => [name, value],
  )
  return { code, log, outputs: Object.fromEntries(outputs) }
}

describe('the GitHub Action, against the program', { timeout: 60_000 }, () => {
  let home: string
  let server: Served
  const mint = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await cli(['expose', ...args, '--json'], { home })
    assert.equal(code, 0, stderr)
    const { webhook, grantId } = JSON.parse(stdout) as { webhook: string; grantId: string }
    return { url: `${server.url}${new URL(webhook).pathname}`, grantId }
  }
  const stored = async () =>
    JSON.parse((await cli(['deliveries', 'ls', '--json'], { home })).stdout) as unknown[]

  before(async () => {
    home = await scratchHome()
    await addCommand(home, 'build', `cat > ${home}/got; printf 'line one\\nstatus<<x\\n%%'`)
    server = await serve(home)
  })
  after(() => server.stop())

  it('tells the agent, says the delivery, and hides the URL', async () => {
    const { url } = await mint('--session', 'build')
    const { code, log, outputs } = await knock({ url, message: 'deployed "1.2"\nsee 100%', from: 'ci' })
    assert.equal(code, 0, log)
    assert.equal(outputs.status, 'delivered')
    assert.match(outputs.deliveryId ?? '', /^whd_\w{24}$/)
    assert.equal(outputs.response, '')
    assert.equal(await readFile(join(home, 'got'), 'utf8'), '[ci] deployed "1.2"\nsee 100%')
    const token = url.slice(url.lastIndexOf('/') + 1)
    assert.ok(log.startsWith(`::add-mask::${url}\n::add-mask::${token}\n`), log)
    assert.ok(!log.slice(log.indexOf(token, url.length + 20) + token.length).includes(token))
  })

  it('waits for the answer, whatever stands in it', async () => {
    const { url } = await mint('--session', 'build', '--verb', 'run_turn')
    const { code, log, outputs } = await knock({ url, message: 'summarise', wait: '20' })
    assert.equal(code, 0, log)
    assert.equal(outputs.response, 'line one\nstatus<<x\n%')
    assert.equal(outputs.status, 'delivered')
  })

  it('tells once, however often the step is tried; another step, job or attempt tells again', async () => {
    const { url } = await mint('--session', 'build')
    const input = { url, message: 'once' }
    const first = await knock(input)
    assert.equal((await knock(input)).outputs.deliveryId, first.outputs.deliveryId)
    const others = await Promise.all([
      knock(input, { GITHUB_RUN_ATTEMPT: '2' }),
      knock(input, { GITHUB_JOB: 'other' }),
      knock(input, {}, '1'),
      knock({ ...input, 'idempotency-key': 'mine' }),
      knock({ ...input, message: 'twice' }),
    ])
    const ids = new Set([first, ...others].map(({ outputs }) => outputs.deliveryId))
    assert.equal(ids.size, 6)
    const conflict = await knock({ url, message: 'other text', 'idempotency-key': 'mine' })
    assert.equal(conflict.code, 1)
    assert.match(conflict.log, /^::error::409\. The idempotency key was used for another message/m)
  })

  it('says of a URL that is over what to do, and stores nothing', async () => {
    const { url, grantId } = await mint('--session', 'build')
    await cli(['revoke', grantId], { home })
    const before = (await stored()).length
    const { code, log, outputs } = await knock({ url, message: 'hello there' })
    assert.equal(code, 1)
    assert.match(log, /^::error::403\. The URL opens nothing: .*postern expose.* Request id: \S+$/m)
    assert.deepEqual(outputs, {})
    await cli(['session', 'add', 'over', '--driver', 'inbox'], { home })
    const ended = await mint('--session', 'over')
    await cli(['session', 'end', 'over'], { home })
    const gone = await knock({ url: ended.url, message: 'hello there' })
    assert.match(gone.log, /^::error::410\. The session of this URL has ended\./m)
    assert.equal(gone.code, 1)
    assert.equal((await stored()).length, before)
  })

  for (const [what, inputs, says] of [
    ['an empty secret', { url: '', message: 'x' }, /url is empty\. Is the secret there\?/],
    ['an address that is none', { url: 'postern.example.com', message: 'x' }, /url is not a URL/],
    ['a blank message', { url: 'http://127.0.0.1:1/', message: ' ' }, /message is empty/],
    [
      'a wait that is no number',
      { url: 'http://127.0.0.1:1/', message: 'x', wait: '5m' },
      /wait must be a whole number/,
    ],
  ] as const)
    it(`refuses ${what}`, async () => {
      const { code, log } = await knock(inputs)
      assert.equal(code, 1)
      assert.match(log, new RegExp(`^::error::${says.source}`, 'm'))
    })
})

describe('the GitHub Action, when it is not answered', { timeout: 60_000 }, () => {
  let server: Server
  let url: string
  let answers: (readonly [status: number, retryAfter?: string])[]
  let keys: string[]

  before(async () => {
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += chunk))
      request.on('end', () => {
        keys.push(JSON.parse(body).idempotency_key)
        const [status, retryAfter] = answers.shift() ?? [200]
        if (status === 0) return request.socket.destroy()
        if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter)
        if (status === 302) response.setHeader('location', '/elsewhere')
        response.statusCode = status
        response.end(
          status === 200 ? '{"status":"delivered","deliveryId":"whd_1"}' : '{"detail":"not\\nnow"}',
        )
      })
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/a-token-of-this-test`
  })
  after(() => {
    server.close()
    server.closeAllConnections()
  })

  const against = async (wanted: typeof answers, more: Readonly<Record<string, string>> = {}) => {
    answers = [...wanted]
    keys = []
    return knock({ url, message: 'hello there', ...more })
  }

  it('tries again, under one key, when the server is busy or the line is cut', async () => {
    const past = new Date(0).toUTCString()
    const { code, log, outputs } = await against([[503, '0'], [429, past], [0], [200]])
    assert.equal(code, 0, log)
    assert.deepEqual([outputs.deliveryId, keys.length, new Set(keys).size], ['whd_1', 4, 1])
    assert.match(log, /Attempt 1: the server answered 503\. Again in 0 s\./)
    assert.match(log, /could not be reached \(\w+\)/)
    assert.ok(!log.replaceAll(/^::add-mask::.*$/gm, '').includes('a-token-of-this-test'))
  })

  it('gives up after as many attempts as it may make', async () => {
    const { code, log } = await against([[500, '0'], [500, '0'], [200]], { attempts: '2' })
    assert.deepEqual([code, keys.length], [1, 2])
    assert.match(log, /::error::Given up after 2 attempts: the server answered 500\./)
  })

  it('does not wait for as long as a server may ask it to', async () => {
    const { code, log } = await against([[503, '4000']])
    assert.deepEqual([code, keys.length], [1, 1])
    assert.match(log, /asks to be left alone for 4000 s/)
  })

  for (const [status, says] of [
    [422, /422\. The server refused it: not%0Anow/],
    [302, /leads elsewhere/],
  ] as const)
    it(`does not try again after ${status}`, async () => {
      const { code, log } = await against([[status]])
      assert.deepEqual([code, keys.length], [1, 1])
      assert.match(log, says)
    })
})
