import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'

const root = resolve(import.meta.dirname, '../..')
const copied = [
  'src',
  'test',
  'scripts',
  'docs',
  'ARCHITECTURE.md',
  'bench',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'biome.json',
  'knip.json',
]
const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')

interface Step {
  readonly file: string
  readonly kind: 'diff' | 'ts' | 'sql'
  readonly text: string
}

/** Each block of code with the file that was named last before it. */
function* steps(text: string): Generator<Step> {
  let file = ''
  for (const [, named, kind, block = ''] of text.matchAll(
    /`((?:src|test|scripts)\/[\w./-]+\.(?:ts|sql))`|```(ts|sql|diff)\n([\s\S]*?)```/g,
  ))
    if (named !== undefined) file = named
    else yield { file, kind: kind as Step['kind'], text: block }
}

const side = (diff: string, signs: string): string =>
  diff.replace(/^(.)(.*\n)/gm, (_, sign, line) => (signs.includes(sign) ? line : ''))

function follow(folder: string, { file, kind, text }: Step): void {
  const path = join(folder, file)
  if (kind === 'diff') {
    const [start, end, ...more] = readFileSync(path, 'utf8').split(side(text, ' -'))
    assert.ok(end !== undefined && more.length === 0, `${file} has not exactly one place for\n${text}`)
    writeFileSync(path, start + side(text, ' +') + end)
  } else {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { flag: 'wx' })
  }
}

describe('the recipes of CONTRIBUTING.md, followed to the letter', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-recipes-'))
  const bun = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
    assert.equal(status, 0, stdout + stderr)
    return stdout + stderr
  }

  before(() => {
    for (const path of copied)
      cpSync(join(root, path), join(folder, path), {
        recursive: true,
        filter: (from) => !from.includes('node_modules'),
      })
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    for (const step of steps(page)) follow(folder, step)
  })
  after(() => rmSync(folder, { recursive: true }))

  it('pass types, style and architecture', { timeout: 120_000 }, () => {
    assert.match(bun('scripts/check.ts'), /^(✓ .*\n){4,}$/)
  })

  it('pass the tests they bring, and bring the pages with them', { timeout: 120_000 }, () => {
    bun('scripts/docs.ts')
    for (const [path, row] of [
      [
        'docs/drivers.md',
        '| `ticket` | messages wait as tickets of a board (postern inbox) | waits to be asked | no |',
      ],
      [
        'docs/configuration.md',
        '| `acme` | Acme | HMAC-SHA256 of `{timestamp}.{body}` in `x-acme-signature` | 300 s |  | yes |',
      ],
      ['docs/cli.md', '## queues'],
      ['docs/http.md', '| `queues` | `GET /api/queues` |'],
    ] as const)
      assert.ok(readFileSync(join(folder, path), 'utf8').includes(`${row}\n`), path)
    const files = [
      'drivers/ticket',
      'drivers/file',
      'providers',
      'cli',
      'http/api',
      'http/models',
      'store/upgrade',
    ]
    bun(
      'test',
      '--timeout=30000',
      ...[...files, 'store/sqlite', 'store/memory'].map((file) => `test/${file}`),
    )
  })
})
