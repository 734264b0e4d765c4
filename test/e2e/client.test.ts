import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { scratchHome, serve } from '../support/binary.ts'
import { configure, hooks } from '../support/hooks.ts'

const root = resolve(import.meta.dirname, '../..')
const program = join(root, 'test/client/program.ts')
const github = { name: 'github', path: '/api/hooks/github', messageTemplate: 'Push to {{repository.name}}' }

describe('a client that is generated from the API document', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-client-'))
  let document = ''

  before(async () => {
    const home = await scratchHome()
    configure(home, hooks({ github }))
    const server = await serve(home)
    document = await (await fetch(`${server.url}/docs/json`)).text()
    await server.stop()
    writeFileSync(join(folder, 'document.json'), document)
    copyFileSync(program, join(folder, 'program.ts'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('compiles, types every body and answer, and refuses what the server would refuse', () => {
    const generator = join(root, 'test/client/node_modules/openapi-typescript/bin/cli.js')
    run([generator, 'document.json', '--output', 'schema.ts'])
    const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--allowImportingTsExtensions']
    const rest = ['--target', 'esnext', '--module', 'esnext', '--moduleResolution', 'bundler', '--types', '']
    run([join(root, 'node_modules/typescript/bin/tsc'), ...options, ...rest, 'program.ts'])
  })

  it('is used for every operation', () => {
    const { paths } = JSON.parse(document) as {
      paths: Record<string, Record<string, { operationId: string }>>
    }
    const ids = Object.values(paths).flatMap((item) =>
      Object.values(item).map(({ operationId }) => operationId),
    )
    const source = readFileSync(program, 'utf8')
    assert.ok(ids.length > 25)
    assert.deepEqual(
      ids.filter((id) => !source.includes(`'${id}'`)),
      [],
    )
  })

  function run(args: readonly string[]): void {
    const bun = join(root, 'node_modules/bun/bin/bun.exe')
    const { status, stdout, stderr } = spawnSync(bun, [...args], { cwd: folder, encoding: 'utf8' })
    assert.equal(status, 0, stdout + stderr)
  }
})
