import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { addCommand, adminToken, configure, hooks, secret } from '../support/hooks.ts'

const run = promisify(execFile)
const page = await readFile(resolve(import.meta.dirname, '../../docs/http.md'), 'utf8')

describe('docs/http.md', () => {
  let home: string
  let server: Served

  before(async () => {
    home = await scratchHome()
    configure(home, hooks())
    await addCommand(home, 'build', 'cat')
    server = await serve(home)
  })
  after(() => server.stop())

  it('names every route there is, and no other', async () => {
    const { paths } = (await (await fetch(`${server.url}/docs/json`)).json()) as {
      paths: Record<string, Record<string, unknown>>
    }
    const spelled = (path: string) => path.replace(/\{(token|id|name)\}/, '<$1>')
    const there = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${spelled(path)}`),
    )
    const named = [...page.matchAll(/`((?:GET|POST|DELETE) \/[^`]*)`/g)].map(([, route = '']) => route)
    assert.deepEqual(
      [...new Set(named)].filter((route) => route !== 'POST /api/hooks/<name>').toSorted(),
      there.toSorted(),
    )
  })

  it('shows requests that work, and their answers', async () => {
    const url = (await cli(['expose', '--session', 'build', '--quiet'], { home })).stdout.trim()
    const admin = await adminToken(home)
    const env = {
      PATH: process.env.PATH,
      POSTERN_URL: url,
      POSTERN: server.url,
      SECRET: secret,
      ADMIN: admin,
    }
    const shown = [...page.matchAll(/^```sh\n(.*?)^```\n(?:\n {4}(\{[^\n]*)\n)?/gms)]
    assert.equal(shown.length, 4)
    for (const [, command = '', answer] of shown) {
      const { stdout } = await run('sh', ['-ec', command], { env })
      const got = JSON.parse(stdout) as Record<string, unknown>
      if (command.includes('/api/sessions')) assert.equal(got.id, 'echo')
      else if (!answer) assert.deepEqual(got, [])
      else assert.deepEqual(withoutIds(got), withoutIds(JSON.parse(answer) as Record<string, unknown>))
    }
  })

  it('shows a problem as it comes', async () => {
    const shown = /^ {4}(\{"type".*?\})$/ms.exec(page)?.[1]?.replaceAll('\n', '') ?? ''
    const refused = await fetch(`${server.url}/api/sessions`)
    assert.match(refused.headers.get('content-type') ?? '', /^application\/problem\+json/)
    assert.deepEqual(
      withoutIds((await refused.json()) as Record<string, unknown>),
      withoutIds(JSON.parse(shown) as Record<string, unknown>),
    )
  })
})

const withoutIds = ({ deliveryId, requestId, ...rest }: Record<string, unknown>) => ({
  ...rest,
  named: typeof (deliveryId ?? requestId),
})
