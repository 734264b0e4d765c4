import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { drawing } from '../../scripts/bench/drawing.ts'
import { commandsWithCounterpart } from '../../scripts/command-routes.ts'
import {
  cliPage,
  cliPagePath,
  configurationPagePath,
  driversPagePath,
  httpPagePath,
  withCommands,
  withDrivers,
  withSenders,
} from '../../scripts/docs.ts'
import {
  keptCurves,
  performancePagePath,
  performancePicturePath,
  withMeasurements,
} from '../../scripts/performance.ts'
import { presetsPage, presetsPagePath } from '../../scripts/presets.ts'

import { commands } from '../../src/cli/index.ts'

const root = resolve(import.meta.dirname, '../..')
const pages = ['.', 'docs', 'bench']
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.md'))

test('docs/cli.md says what the command table says (npm run docs)', () =>
  assert.equal(readFileSync(cliPagePath, 'utf8'), cliPage()))

test('docs/configuration.md lists the table of senders (npm run docs)', () => {
  const page = readFileSync(configurationPagePath, 'utf8')
  assert.match(page, /^\| `github` \| GitHub \|/m)
  assert.equal(page, withSenders(page))
})

test('docs/http.md has a route for every command, or says why not (npm run docs)', () => {
  const page = readFileSync(httpPagePath, 'utf8')
  assert.match(page, /^\| `session end` \| `DELETE \/api\/sessions\/<id>` \|$/m)
  assert.equal(page, withCommands(page))
  const names = commands.map(({ name }) => name)
  assert.deepEqual([...commandsWithCounterpart].sort(), names.toSorted())
})

test('docs/drivers.md lists the table of drivers (npm run docs)', () => {
  const page = readFileSync(driversPagePath, 'utf8')
  assert.match(page, /^\| `inbox` \| .* \| waits to be asked \| no \|$/m)
  assert.equal(page, withDrivers(page))
})

test('docs/presets.md shows what every preset makes of every example (npm run docs)', async () => {
  const page = readFileSync(presetsPagePath, 'utf8')
  assert.match(page, /^\| workflow_run completed \| Workflow of .*: success /m)
  assert.equal(page, await presetsPage())
})

test('docs/performance.md shows what was measured last (npm run docs)', () => {
  const page = readFileSync(performancePagePath, 'utf8')
  for (const name of ['figures', 'missed', 'curves', 'instead'])
    assert.match(page, new RegExp(`^<!-- ${name}: .*-->\\n[^<]+\\n<!-- /${name} -->$`, 'm'))
  assert.equal(page, withMeasurements(page))
})

test('docs/performance.svg draws the curves that were measured last (npm run docs)', () => {
  const kept = keptCurves()
  const drawn = existsSync(performancePicturePath) ? readFileSync(performancePicturePath, 'utf8') : undefined
  assert.equal(drawn, kept && drawing(kept.curves))
})

test('docs/states.md names every step at which a delivery fails', () => {
  const union = /type FailedStep =\n((?: {2}\| '\w+'\n?)+)/.exec(
    readFileSync(join(root, 'src/domain/delivery.ts'), 'utf8'),
  )
  const steps = [...(union?.[1] ?? '').matchAll(/'(\w+)'/g)].map(([, step]) => step)
  const [, cell = ''] =
    /^\| `failedStep` \| [^|]* \| ([^|]*) \|$/m.exec(readFileSync(join(root, 'docs/states.md'), 'utf8')) ?? []
  assert.ok(steps.length > 5)
  assert.deepEqual(
    [...cell.matchAll(/`(\w+)`/g)].map(([, step]) => step),
    steps,
  )
})

describe('links', () => {
  for (const page of pages)
    test(`of ${page} lead somewhere`, () => {
      const text = readFileSync(join(root, page), 'utf8')
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(target)) continue
        const [path = '', anchor] = target.split('#')
        const file = path === '' ? page : join(dirname(page), path)
        assert.ok(existsSync(join(root, file)), `${page}: ${target}`)
        if (anchor !== undefined) assert.ok(anchorsOf(file).includes(anchor), `${page}: ${target}`)
      }
    })

  test('show pictures that are there', () => {
    const shown = pages.flatMap((page) =>
      [...readFileSync(join(root, page), 'utf8').matchAll(/\b(?:src|srcset)="([^"]+)"/g)].map(
        ([, target = '']) => join(dirname(page), target),
      ),
    )
    assert.ok(shown.length > 0)
    assert.deepEqual(
      shown.filter((file) => !existsSync(join(root, file))),
      [],
    )
  })

  test('reach every page', () => {
    const linked = new Set(['README.md'])
    for (let size = 0; size < linked.size; ) {
      size = linked.size
      for (const page of [...linked].filter((path) => path.endsWith('.md')))
        for (const [, target = ''] of readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)\s#]+)/g))
          if (!/^https?:/.test(target)) linked.add(join(dirname(page), target))
    }
    assert.deepEqual(
      pages.filter((page) => !linked.has(page)),
      [],
    )
  })
})

/** As GitHub makes them of headings. */
const anchorsOf = (file: string): readonly string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
