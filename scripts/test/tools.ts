import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Tool {
  readonly command: string
  /** Several with spaces between them. */
  readonly package: string
  readonly mention: string
  /** Installing it also starts it: not on a machine that is more than a place for tests. */
  readonly starts?: true
}

/** Programs from Debian, wanted where the tests' sources mention what drives them. */
const drivenBy: readonly Tool[] = [
  { command: 'tmux', package: 'tmux', mention: 'tmux' },
  { command: 'curl', package: 'curl', mention: 'curl' },
  { command: 'openssl', package: 'openssl', mention: 'openssl' },
  { command: 'systemd-analyze', package: 'systemd', mention: 'systemd-analyze' },
  { command: 'shellcheck', package: 'shellcheck', mention: 'shellcheck' },
  { command: 'busybox', package: 'busybox', mention: 'busybox' },
  { command: 'buildah', package: 'buildah', mention: 'buildah' },
  { command: 'wget', package: 'wget', mention: 'wget' },
  { command: 'zsh', package: 'zsh', mention: 'zsh' },
  { command: 'fish', package: 'fish', mention: 'fish' },
  { command: 'groff', package: 'groff-base', mention: 'groff' },
  { command: 'caddy', package: 'caddy', mention: 'caddy', starts: true },
  { command: 'nginx', package: 'nginx-light', mention: 'nginx', starts: true },
  { command: 'chromium', package: 'chromium', mention: 'playwright-core' },
  // Its package starts a server of its own, which the tests leave alone.
  { command: 'pg_lsclusters', package: 'postgresql', mention: 'postgresql', starts: true },
  { command: 'pgbouncer', package: 'pgbouncer', mention: 'pgbouncer', starts: true },
  { command: 'wrk', package: 'wrk', mention: 'wrk' },
  { command: 'cc', package: 'gcc libc6-dev', mention: 'LD_PRELOAD' },
]

/**
 * Installs what is missing where that is possible. Tests that need what stays missing skip themselves.
 * Returns one line for each of those.
 */
export function installTools(root: string): readonly string[] {
  const sources = testSources(join(root, 'test'))
  const missing = drivenBy.filter(({ command, mention }) => sources.includes(mention) && !isThere(command))
  const wanted = missing.filter(({ starts }) => !starts || process.env.CI === 'true')
  if (wanted.length === 0) return []
  const why = canInstall()
    ? install(wanted.flatMap((it) => it.package.split(' ')))
    : 'installing it needs root and apt'
  return wanted
    .filter(({ command }) => !isThere(command))
    .map(({ command }) => `${command} is missing: ${why}`)
}

const testSources = (folder: string): string =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.includes('node_modules'))
    .map((path) => readFileSync(join(folder, path), 'utf8'))
    .join('\n')

const isThere = (command: string): boolean => Bun.which(command) !== null

const canInstall = (): boolean => process.getuid?.() === 0 && isThere('apt-get')

function install(packages: readonly string[]): string {
  console.error(`Installing ${packages.join(', ')}…`)
  const apt = (...args: string[]) =>
    spawnSync('apt-get', args, {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      encoding: 'utf8',
      timeout: 300_000,
    })
  const get = (...names: string[]) => apt('install', '-y', '-qq', '--no-install-recommends', ...names)
  // The lists may be too old to fetch from, or not there at all.
  apt('update', '-qq')
  const { status, stderr } = get(...packages)
  if (status === 0) return ''
  // One that this Debian does not have must not keep the others out.
  for (const name of packages) get(name)
  return `apt-get failed: ${stderr.trim().split('\n').at(-1)}`
}
