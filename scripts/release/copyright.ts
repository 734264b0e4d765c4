import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundledPackages, type Lock, lockOf } from './sbom.ts'

/** The licence of Postern, then name, version and licence of each package that lies in the executable, in full where it has a text. */
export async function copyrightOf(root: string): Promise<string> {
  const lock = lockOf(root)
  const own = readFileSync(join(root, 'LICENSE'), 'utf8').trim()
  const runtime = 'node_modules/bun'
  const parts = [...(await bundledPackages(root)), runtime].map((path) => partOf(root, lock, path))
  return `${['Postern', '', own, '', 'The executable holds these packages, each under its own licence.', '', ...parts].join('\n')}\n`
}

function partOf(root: string, { packages }: Lock, path: string): string {
  const { version = '', license = 'not named' } = packages[path] ?? {}
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const title = `${name} ${version}: ${license}`
  return [title, '-'.repeat(title.length), '', licenceText(join(root, path)), ''].join('\n')
}

function licenceText(folder: string): string {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name))
  return file ? readFileSync(join(folder, file), 'utf8').trim() : 'Its package has no text of it.'
}
