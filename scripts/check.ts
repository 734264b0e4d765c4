import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'

const root = resolve(import.meta.dir, '..')

/** Everything that reads the sources without running them. Arguments are for Bun. */
export const checks: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: 'types', args: ['node_modules/typescript/bin/tsc', '--project', '.'] },
  {
    name: 'style',
    args: [
      'node_modules/@biomejs/biome/bin/biome',
      'check',
      '--error-on-warnings',
      '--diagnostic-level=warn',
    ],
  },
  { name: 'dead code', args: ['node_modules/knip/bin/knip-bun.js'] },
]

const architecture = { name: 'architecture', args: ['test', './test/architecture.test.ts'] }

if (import.meta.main) main()

function main(): void {
  const failed = [...checks, architecture].filter(({ name, args }) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...args], { cwd: root, encoding: 'utf8' })
    console.log(`${status === 0 ? '✓' : '✗'} ${name}`)
    if (status !== 0) console.log(stdout + stderr)
    return status !== 0
  })
  process.exitCode = failed.length > 0 ? 1 : 0
}
