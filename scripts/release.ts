import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { buildTargets } from './build.ts'

const folder = resolve(import.meta.dir, '../dist/release')

/** Every platform's executable and their checksums, in `dist/release`. */
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const sums = buildTargets(folder).map((path) => {
  const hash = createHash('sha256').update(readFileSync(path)).digest('hex')
  return `${hash}  ${basename(path)}\n`
})
writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''))
process.stdout.write(sums.join(''))
