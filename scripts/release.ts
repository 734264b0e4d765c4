import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildTargets, type Target, targets } from './build.ts'
import { copyrightOf } from './release/copyright.ts'
import { canMakeDebianPackages, debianArchitectures, debianPackage } from './release/debian.ts'
import { notesOf } from './release/notes.ts'
import { sbomOf } from './release/sbom.ts'

const root = resolve(import.meta.dir, '..')
const folder = join(root, 'dist/release')

if (import.meta.main) await main()

/**
 * Everything that is published, in `dist/release`: each platform's executable, the packages for Debian, what lies in them
 * (CycloneDX), what is new, the script that installs them, and the checksums of all. The same sources give the same bytes. `--target` makes it for one platform only.
 */
async function main(): Promise<void> {
  const { target } = parseArgs({ options: { target: { type: 'string', multiple: true } } }).values
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const wanted = target ? target.map(known) : targets
  const files = [
    ...buildTargets(folder, wanted),
    ...(await packages(wanted)),
    await sbom(),
    notes(),
    installer(),
  ]
  const sums = files.map((path) => `${sha256(path)}  ${basename(path)}\n`).join('')
  writeFileSync(join(folder, 'SHA256SUMS'), sums)
  process.stdout.write(sums)
}

function known(name: string): Target {
  const target = targets.find((it) => it === name)
  if (!target) throw new Error(`There is no target ${name}. Known: ${targets.join(', ')}.`)
  return target
}

async function packages(wanted: readonly Target[]): Promise<readonly string[]> {
  const names = Object.keys(debianArchitectures) as (keyof typeof debianArchitectures)[]
  const found = names.filter((name) => wanted.includes(name))
  if (found.length === 0) return []
  if (!canMakeDebianPackages()) {
    process.stderr.write('No packages for Debian: dpkg-deb is not installed.\n')
    return []
  }
  const common = {
    ...{ version: version(), changelog: changelog(), folder },
    copyright: await copyrightOf(root),
  }
  return found.map((name) => {
    const executable = join(folder, `postern-${name}`)
    return debianPackage({ ...common, architecture: debianArchitectures[name], executable })
  })
}

async function sbom(): Promise<string> {
  return written('postern.cdx.json', await sbomOf(root))
}

function notes(): string {
  return written('RELEASE.md', notesOf(changelog(), version()))
}

function installer(): string {
  return written('install.sh', readFileSync(join(root, 'scripts/install.sh'), 'utf8'))
}

function changelog(): string {
  return readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
}

function version(): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version
}

function written(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
