import { readdirSync } from 'node:fs'
import { join } from 'node:path'

export type Runtime = 'bun' | 'deno'

export interface Suite {
  /** From the root, with `/`. */
  readonly file: string
  readonly runtime: Runtime
  readonly limitMs: number
  /** Watches terminals, clocks or whole processes: runs when nothing else does. */
  readonly alone: boolean
}

/** What only Bun can run, and why. */
export const notForDeno: readonly { readonly path: RegExp; readonly reason: string }[] = [
  { path: /^test\/drivers\/pty\//, reason: 'Deno has no terminal to give to a program' },
  { path: /-terminal\.test\.ts$/, reason: 'Deno has no terminal to give to a program' },
  { path: /^test\/scripts\//, reason: 'the scripts run on Bun' },
]

const demanding = /^test\/(e2e|scripts|drivers)\//

/** Every test file whose path contains one of `filters`; all without any. */
export function findSuites(root: string, filters: readonly string[]): readonly Suite[] {
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((path) => `test/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.test.ts'))
    .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
    .sort()
  return [
    ...files.map((file) => suite(file, 'bun')),
    ...files.filter((file) => !whyNotDeno(file)).map((file) => suite(file, 'deno')),
  ]
}

export const whyNotDeno = (file: string): string | undefined =>
  notForDeno.find(({ path }) => path.test(file))?.reason

function suite(file: string, runtime: Runtime): Suite {
  const alone = demanding.test(file)
  return { file, runtime, alone, limitMs: alone ? 240_000 : 90_000 }
}
