import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { completionScripts } from '../../src/cli/commands/completions.ts'
import { systemUnit, userUnit } from '../../src/cli/commands/service-unit.ts'
import { commands } from '../../src/cli/index.ts'
import { manPage } from '../../src/cli/man.ts'

/** What Debian calls the processors of our targets. Packages are made for glibc only. */
export const debianArchitectures = { 'linux-x64': 'amd64', 'linux-arm64': 'arm64' } as const
type DebianArchitecture = (typeof debianArchitectures)[keyof typeof debianArchitectures]

export interface DebianPackage {
  readonly architecture: DebianArchitecture
  readonly version: string
  /** Path of the executable for that processor. */
  readonly executable: string
  /** The text of CHANGELOG.md. */
  readonly changelog: string
  /** Licences of all that lies in the executable. */
  readonly copyright: string
  /** Folder that the package is written to. */
  readonly folder: string
}

const maintainer = 'Postern contributors <noreply@postern.invalid>'
const program = '/usr/bin/postern'

export const canMakeDebianPackages = (): boolean => spawnSync('dpkg-deb', ['--version']).status === 0

/**
 * Makes `postern_<version>_<architecture>.deb` with dpkg-deb and returns its path. The same input gives the same bytes:
 * every file carries the day of the version in the changelog. Throws what dpkg-deb complains about.
 */
export function debianPackage(wanted: DebianPackage): string {
  const out = join(wanted.folder, `postern_${wanted.version}_${wanted.architecture}.deb`)
  const stage = mkdtempSync(join(tmpdir(), 'postern-deb-'))
  try {
    const seconds = releasedAt(wanted.changelog, wanted.version)
    stageFiles(stage, wanted, seconds)
    stageControl(stage, wanted)
    setTimes(stage, seconds)
    pack(stage, out, seconds)
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
  return out
}

function stageFiles(
  stage: string,
  { executable, version, changelog, copyright }: DebianPackage,
  at: number,
): void {
  put(stage, 'usr/bin/postern', '')
  copyFileSync(executable, join(stage, 'usr/bin/postern'))
  chmodSync(join(stage, 'usr/bin/postern'), 0o755)
  put(stage, 'usr/lib/systemd/system/postern.service', installed(systemUnit({ executable: program })))
  put(stage, 'usr/lib/systemd/user/postern.service', installed(userUnit({ executable: program })))
  put(stage, 'usr/share/bash-completion/completions/postern', completionScripts.bash)
  put(stage, 'usr/share/zsh/vendor-completions/_postern', completionScripts.zsh)
  put(stage, 'usr/share/fish/vendor_completions.d/postern.fish', completionScripts.fish)
  put(stage, 'usr/share/man/man1/postern.1.gz', zipped(manPage(commands, { version, at: at * 1000 })))
  put(stage, 'usr/share/doc/postern/copyright', copyright)
  put(stage, 'usr/share/doc/postern/changelog.gz', zipped(changelog))
  put(stage, 'usr/share/doc/postern/changelog.Debian.gz', zipped(debianChangelog(version, at)))
}

const zipped = (text: string): Uint8Array => gzipSync(text, { level: 9 })

/** A unit without the lines that tell how to install it: the package has done that. */
function installed(unit: string): string {
  const lines = unit.split('\n')
  return lines.slice(lines.findIndex((line) => !line.startsWith('#'))).join('\n')
}

const debianChangelog = (version: string, seconds: number): string =>
  `postern (${version}) stable; urgency=medium

  * What changes for those who use it: /usr/share/doc/postern/changelog.gz

 -- ${maintainer}  ${new Date(seconds * 1000).toUTCString().replace('GMT', '+0000')}
`

/** Seconds since 1970 of the day that the version's heading names (`## 1.2.0 - 2026-01-02`); of 1 January 2026 without one. */
function releasedAt(changelog: string, version: string): number {
  const heading = changelog.split('\n').find((line) => line.startsWith(`## ${version} `))
  const day = /\d{4}-\d\d-\d\d/.exec(heading ?? '')?.[0] ?? '2026-01-01'
  return Date.parse(`${day}T00:00:00Z`) / 1000
}

function stageControl(stage: string, wanted: DebianPackage): void {
  const files = filesIn(stage)
  const sums = files.map((path) => `${md5(join(stage, path))}  ${path}\n`).join('')
  const bytes = files.reduce((sum, path) => sum + statSync(join(stage, path)).size, 0)
  put(stage, 'DEBIAN/control', control(wanted, Math.ceil(bytes / 1024)))
  put(stage, 'DEBIAN/md5sums', sums)
  for (const name of ['postinst', 'prerm', 'postrm']) {
    cpSync(join(import.meta.dirname, 'debian', name), join(stage, 'DEBIAN', name))
    chmodSync(join(stage, 'DEBIAN', name), 0o755)
  }
}

const control = ({ version, architecture }: DebianPackage, kibibytes: number): string => `Package: postern
Version: ${version}
Section: net
Priority: optional
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${kibibytes}
Depends: libc6 (>= 2.17), passwd, init-system-helpers
Suggests: tmux, caddy | nginx
Description: narrow door into a running agent
 Keeps sessions of agents reachable, mints URLs that let one outsider say one
 kind of thing to one session, turns webhooks into messages for agents, and
 keeps a durable record of everything that knocked.
 .
 The package runs it as a service under a user of its own, with its home in
 /var/lib/postern, listening on 127.0.0.1 port 7717.
`

/** Paths of all files below a folder, sorted. */
const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort()

const md5 = (path: string): string => createHash('md5').update(readFileSync(path)).digest('hex')

function put(stage: string, path: string, content: string | Uint8Array): void {
  const full = join(stage, path)
  mkdirSync(dirname(full), { recursive: true, mode: 0o755 })
  writeFileSync(full, content)
  chmodSync(full, 0o644)
}

function setTimes(stage: string, seconds: number): void {
  for (const path of ['', ...readdirSync(stage, { recursive: true, encoding: 'utf8' })]) {
    const full = join(stage, path)
    if (statSync(full).isDirectory()) chmodSync(full, 0o755)
    lutimesSync(full, seconds, seconds)
  }
}

/** One thread, because the bytes that zstd makes depend on how many there are. */
function pack(stage: string, out: string, seconds: number): void {
  const argv = ['--root-owner-group', '--threads-max=1', '-Zzstd', '-z3', '--build', stage, out]
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(seconds) }
  const { status, stderr } = spawnSync('dpkg-deb', argv, { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`dpkg-deb failed: ${stderr}`)
}
