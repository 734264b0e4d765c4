import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { layers, ports, violations } from '../scripts/architecture.ts'

const root = resolve(import.meta.dirname, '..')

test('the sources keep the rules of the house', () => {
  const sources = new Map(
    readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => [`src/${path.replaceAll('\\', '/')}`, readFileSync(join(root, 'src', path), 'utf8')]),
  )
  assert.ok(sources.size > 50)
  assert.deepEqual(violations(sources), [])
})

test('ARCHITECTURE.md draws the layers as they are', () => {
  const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const drawn = [...page.matchAll(/^\| `([\w-]+)\/?` \| [^|]+ \| ?([^|]*) ?\|$/gm)].map(
    ([, layer = '', imports = '']) => [layer, [...imports.matchAll(/`([^`]+)`/g)].map(([, name]) => name)],
  )
  const portsOf = (layer: string) =>
    ports.filter(({ of }) => of.includes(layer)).map(({ file }) => file.slice('src/'.length))
  assert.deepEqual(
    drawn,
    Object.entries(layers).map(([layer, imports]) => [layer, [...imports, ...portsOf(layer)]]),
  )
})

test('ARCHITECTURE.md names files that are there', () => {
  const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const named = [...page.matchAll(/(?<![\w/<.])(?:[a-z-]+\/)+[a-z-]+(?:\.test)?(?:\.\w+)?(?![\w/])/g)].flat()
  assert.ok(named.length > 40)
  const isThere = (path: string) =>
    [path, `src/${path}`, `src/${path}.ts`].some((it) => existsSync(join(root, it)))
  assert.deepEqual(
    named.filter((path) => !isThere(path)),
    [],
  )
})

const good: Readonly<Record<string, string>> = {
  'src/domain/word.ts': "/** Loads `bun:sqlite`, import('elysia'). */\nexport const word = 'Bun.main'\n",
  'src/store/rows.ts':
    "import type { A } from '../platform/platform.ts'\nimport { word } from '../domain/word.ts'\nexport const a: A = word\n",
  'src/platform/platform.ts': 'export type A = string\n',
  'src/http/server.ts':
    "import { Elysia } from 'elysia'\nexport { word } from '../domain/word.ts'\nexport const a = Elysia\n",
  'src/cli/commands/serve.ts':
    "import type { B } from '../app/app.ts'\nexport const b = (): B => import('../app/app.ts')\n",
  'src/app/app.ts': "import { a } from '../http/server.ts'\nexport type B = unknown\nexport const c = a\n",
}

test('violations finds nothing wrong with good sources', () => {
  assert.deepEqual(violations(new Map(Object.entries(good))), [])
})

const bad: readonly {
  readonly title: string
  readonly files: Record<string, string>
  readonly says: RegExp
}[] = [
  {
    title: 'an import that points up',
    files: {
      'src/domain/a.ts': "import { b } from '../store/b.ts'\n",
      'src/store/b.ts': 'export const b = 1\n',
    },
    says: /domain must not import store/,
  },
  {
    title: 'siblings that import each other',
    files: { 'src/store/a.ts': "import type { B } from '../drivers/b.ts'\n" },
    says: /store must not import drivers/,
  },
  {
    title: 'an import over several lines',
    files: { 'src/inbound/a.ts': "import {\n  b,\n  c,\n} from '../http/b.ts'\n" },
    says: /inbound must not import http/,
  },
  {
    title: 'a lazy import that points up',
    files: { 'src/manage/a.ts': "export const a = () => import('../cli/b.ts')\n" },
    says: /manage must not import cli/,
  },
  {
    title: 'a type import in the midst of a line',
    files: { 'src/auth/a.ts': "export type A = import('../inbound/b.ts').B\n" },
    says: /auth must not import inbound/,
  },
  {
    title: 'a re-export that points up',
    files: { 'src/auth/a.ts': "export * from '../app/b.ts'\nexport const a = 1\n" },
    says: /auth must not import app/,
  },
  {
    title: 'a folder that is no layer',
    files: { 'src/stuff/a.ts': "import '../domain/b.ts'\n" },
    says: /no layer/,
  },
  {
    title: 'a path without its ending',
    files: { 'src/store/a.ts': "import { b } from './b'\n" },
    says: /names no file/,
  },
  {
    title: 'a store that knows a runtime',
    files: { 'src/store/a.ts': "import { bunPlatform } from '../platform/bun.ts'\n" },
    says: /store knows platform only by the types/,
  },
  {
    title: 'an app that runs a command',
    files: { 'src/app/a.ts': "import { runCli } from '../cli/run.ts'\n" },
    says: /app knows cli only by the types/,
  },
  {
    title: 'jose elsewhere',
    files: { 'src/http/a.ts': "import { SignJWT } from 'jose'\n" },
    says: /jose comes in only/,
  },
  {
    title: 'types of a package elsewhere',
    files: { 'src/inbound/a.ts': "import type { TSchema } from '@sinclair/typebox'\n" },
    says: /typebox comes in only/,
  },
  {
    title: 'a package without a door',
    files: { 'src/http/a.ts': "import _ from 'lodash'\n" },
    says: /no file may import/,
  },
  {
    title: 'node in the domain',
    files: { 'src/domain/a.ts': "import { join } from 'node:path'\n" },
    says: /node:path/,
  },
  {
    title: 'bun:sqlite elsewhere',
    files: { 'src/store/a.ts': "import { Database } from 'bun:sqlite'\n" },
    says: /bun:sqlite/,
  },
  {
    title: 'Bun elsewhere',
    files: { 'src/http/a.ts': 'export const a = Bun.file("x")\n' },
    says: /Bun is named only/,
  },
  {
    title: 'Deno elsewhere',
    files: { 'src/cli/a.ts': 'export const a = Deno.args\n' },
    says: /Deno is named only/,
  },
  {
    title: 'a cycle of types',
    files: {
      'src/domain/a.ts': "import type { B } from './b.ts'\n",
      'src/domain/b.ts': "import type { C } from './c.ts'\n",
      'src/domain/c.ts': "import type { A } from './a.ts'\n",
    },
    says: /cycle: src\/domain\/a.ts → src\/domain\/b.ts → src\/domain\/c.ts → src\/domain\/a.ts/,
  },
  {
    title: 'a file that imports itself',
    files: { 'src/domain/a.ts': "import type { A } from './a.ts'\n" },
    says: /cycle/,
  },
  {
    title: 'a command that loads the server at its start',
    files: {
      'src/cli/a.ts': "import { b } from '../app/b.ts'\n",
      'src/app/b.ts': "import { c } from '../http/c.ts'\n",
      'src/http/c.ts': "import { Elysia } from 'elysia'\n",
    },
    says: /a command loads elysia/,
  },
  {
    title: 'a command that loads the cryptography of Node at its start',
    files: {
      'src/main.ts': "import { a } from './app/a.ts'\n",
      'src/app/a.ts': "import { createHash } from 'node:crypto'\n",
    },
    says: /a command loads node:crypto/,
  },
  { title: 'a default export', files: { 'src/domain/a.ts': 'export default 1\n' }, says: /default export/ },
  {
    title: 'a barrel',
    files: { 'src/domain/index.ts': "export * from './a.ts'\nexport { b } from './b.ts'\n" },
    says: /re-exports/,
  },
  { title: 'a long file', files: { 'src/domain/a.ts': 'const a = 1\n'.repeat(251) }, says: /251 lines/ },
  {
    title: 'a folder of leftovers',
    files: { 'src/http/utils/a.ts': 'export const a = 1\n' },
    says: /says nothing/,
  },
  { title: 'a class', files: { 'src/store/a.ts': 'export class A {}\n' }, says: /a class/ },
  { title: 'an exit', files: { 'src/cli/a.ts': 'process.exit(1)\n' }, says: /process\.exit/ },
  { title: 'require', files: { 'src/cli/a.ts': "const a = require('node:fs')\n" }, says: /require/ },
]

for (const { title, files, says } of bad)
  test(`violations finds ${title}`, () => {
    const found = violations(new Map(Object.entries(files)))
    assert.ok(
      found.some((line) => says.test(line)),
      `found ${JSON.stringify(found)}`,
    )
  })
