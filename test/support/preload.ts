import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { atExit } from './binary.ts'

const sources = resolve(import.meta.dirname, '..', 'fixtures', 'preload')

/** Why no library can be put before a program's own; false where it can. For `skip`. */
export const noPreload: string | false =
  process.platform !== 'linux'
    ? 'only Linux takes a library by LD_PRELOAD'
    : spawnSync('cc', ['--version']).status !== 0
      ? 'there is no C compiler (cc)'
      : false

/** Compiles `test/fixtures/preload/<name>.c`; the path is for LD_PRELOAD. Gone when the test process ends. */
export function buildPreload(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-preload-'))
  atExit(() => rmSync(folder, { recursive: true, force: true }))
  const library = join(folder, `${name}.so`)
  const flags = ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', library]
  const { status, stderr } = spawnSync('cc', [...flags, join(sources, `${name}.c`), '-ldl', '-lpthread'], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`cc does not take ${name}.c:\n${stderr}`)
  return library
}
