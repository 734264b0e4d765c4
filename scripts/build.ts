import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const root = resolve(import.meta.dir, '..')

export const targets = [
  'linux-x64',
  'linux-arm64',
  'linux-x64-musl',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
  'windows-x64',
] as const
export type Target = (typeof targets)[number]

if (import.meta.main) main()

/** Every platform we build for; without `only`, all of them. */
export function buildTargets(folder: string, only: readonly Target[] = targets): readonly string[] {
  return only.map((target) => {
    const out = join(folder, `postern-${target}${target.startsWith('windows') ? '.exe' : ''}`)
    build({ target, out })
    return out
  })
}

/**
 * Compiles the one executable. The same sources give the same bytes, whatever the folder they lie in: the file is
 * always called `postern` while it is made, because its name becomes part of it.
 * Throws when the compiler does.
 */
export function build(options: { readonly target?: Target; readonly out?: string } = {}): string {
  const out = resolve(root, options.out ?? 'dist/postern')
  mkdirSync(dirname(out), { recursive: true })
  const scratch = mkdtempSync(join(dirname(out), '.build-'))
  try {
    compile(join(scratch, 'postern'), options.target)
    // A running binary keeps its file; the next start sees the new one.
    renameSync(written(scratch), out)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  return out
}

function compile(outfile: string, target: Target | undefined): void {
  const { status } = spawnSync(process.execPath, compilerArguments(outfile, target), {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) throw new Error(`The build${target ? ` for ${target}` : ''} failed.`)
}

/**
 * The executable must not obey files of the directory where it is started, so every autoload is off.
 * Bytecode makes a start four times as fast; as ESM, because CommonJS would carry the folder's path inside. In parts, of which a command
 * loads what it needs: that takes a third off a start.
 */
function compilerArguments(outfile: string, target: Target | undefined): string[] {
  return [
    'build',
    'src/main.ts',
    'src/store-thread.ts',
    '--compile',
    `--outfile=${outfile}`,
    ...(target ? [`--target=bun-${target}`] : []),
    '--minify',
    '--bytecode',
    '--splitting',
    '--format=esm',
    '--sourcemap=none',
    '--define=process.env.NODE_ENV="production"',
    '--no-compile-autoload-bunfig',
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-tsconfig',
    '--no-compile-autoload-package-json',
  ]
}

/** The compiler adds `.exe` for Windows by itself. */
function written(scratch: string): string {
  const plain = join(scratch, 'postern')
  return existsSync(plain) ? plain : `${plain}.exe`
}

function main(): void {
  const { target, out } = parseArgs({
    options: { target: { type: 'string' }, out: { type: 'string' } },
  }).values
  try {
    for (const path of builtFor(target, out)) console.log(path)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}

function builtFor(target: string | undefined, out: string | undefined): readonly string[] {
  if (target === 'all') return buildTargets(resolve(out ?? 'dist'))
  if (target === undefined) return [build(out ? { out: resolve(out) } : {})]
  const known = targets.find((it) => it === target)
  if (!known) throw new Error(`There is no target ${target}. Known: ${targets.join(', ')}, all.`)
  return out ? [build({ target: known, out: resolve(out) })] : buildTargets(resolve('dist'), [known])
}
