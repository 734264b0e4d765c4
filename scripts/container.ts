import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { build } from './build.ts'

/** What the server runs as inside, and owns: nobody on the machine outside. */
const user = 65532

const home = 'var/lib/postern'

if (import.meta.main) {
  const folder = resolve(import.meta.dirname, '../dist/container')
  stageContainer(folder, build())
  process.stdout.write(`Now: docker build -t postern ${folder} (or podman, or buildah)\n`)
}

/**
 * Makes the folder that an image is built from: a Containerfile, and an archive with the executable, the libraries of this
 * machine that it loads, and nothing else. Linux with glibc only. Throws when ldd or tar does not work here.
 */
export function stageContainer(folder: string, executable: string): void {
  const root = join(folder, 'root')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(root, home), { recursive: true })
  chmodSync(join(root, home), 0o700)
  mkdirSync(join(root, 'tmp'))
  chmodSync(join(root, 'tmp'), 0o1777)
  for (const path of [executable, ...librariesOf(executable)])
    place(root, path, path === executable ? '/usr/bin/postern' : path)
  mkdirSync(join(root, 'etc'))
  writeFileSync(join(root, 'etc/passwd'), `postern:x:${user}:${user}::/${home}:/sbin/nologin\n`)
  writeFileSync(join(root, 'etc/group'), `postern:x:${user}:\n`)
  archive(folder, root)
  rmSync(root, { recursive: true })
  writeFileSync(join(folder, 'Containerfile'), containerfile)
  copyFileSync(join(folder, 'Containerfile'), join(folder, 'Dockerfile'))
}

/** An archive and not a folder, because copying a folder makes all of it root's. */
const containerfile = `FROM scratch
ADD root.tar /
USER ${user}:${user}
ENV POSTERN_HOME=/${home}
VOLUME /${home}
EXPOSE 7717
ENTRYPOINT ["/usr/bin/postern"]
CMD ["serve", "--host", "0.0.0.0"]
`

/** Absolute paths of what the loader loads, itself included. */
function librariesOf(executable: string): readonly string[] {
  const { status, stdout, stderr } = spawnSync('ldd', [executable], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ldd does not tell what ${executable} loads: ${stderr}`)
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path)
}

function place(root: string, from: string, to: string): void {
  const path = join(root, to)
  mkdirSync(dirname(path), { recursive: true })
  copyFileSync(from, path)
  chmodSync(path, 0o755)
}

function archive(folder: string, root: string): void {
  const out = join(folder, 'root.tar')
  const tar = (mode: string, owner: number, ...what: readonly string[]) =>
    execFileSync('tar', [
      ...['--numeric-owner', '--sort=name', `--owner=${owner}`, `--group=${owner}`],
      ...[mode, out, '-C', root],
      ...what,
    ])
  // Whatever the umask was here, others may read what is not theirs.
  tar('-cf', 0, '--mode=go+rX', `--exclude=./${home}`, '.')
  tar('-rf', user, `./${home}`)
}
