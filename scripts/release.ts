import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildTargets, type Target, targets } from './build.ts'
import { notesOf } from './release/notes.ts'
import { sbomOf } from './release/sbom.ts'

const root = resolve(import.meta.dir, '..')
const folder = join(root, 'dist/release')

if (import.meta.main) await main()

/**
 * Everything that is published, in `dist/release`: each platform's executable, what lies in it (CycloneDX), what is new,
 * and the checksums of all. The same sources give the same bytes. `--target` makes it for one platform only.
 */
async function main(): Promise<void> {
  const { target } = parseArgs({ options: { target: { type: 'string', multiple: true } } }).values
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const files = [...buildTargets(folder, target ? target.map(known) : targets), await sbom(), notes()]
  const sums = files.map((path) => `${sha256(path)}  ${basename(path)}\n`).join('')
  writeFileSync(join(folder, 'SHA256SUMS'), sums)
  process.stdout.write(sums)
}

function known(name: string): Target {
  const target = targets.find((it) => it === name)
  if (!target) throw new Error(`There is no target ${name}. Known: ${targets.join(', ')}.`)
  return target
}

async function sbom(): Promise<string> {
  return written('postern.cdx.json', await sbomOf(root))
}

function notes(): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  return written('RELEASE.md', notesOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version))
}

function written(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
