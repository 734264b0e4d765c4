import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'

export const operateGuide = readFileSync(resolve(import.meta.dirname, '../../docs/operate.md'), 'utf8')

/** Its fenced blocks of that kind. */
export const blocksOf = (kind: string): readonly string[] =>
  [...operateGuide.matchAll(new RegExp(`^\`\`\`${kind}\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text)

export const isThere = (program: string): boolean =>
  spawnSync(program, ['version'], { stdio: 'ignore' }).error === undefined

/** Writes the configuration of a proxy without TLS below a folder; the arguments that start it in the foreground. */
export type Prepare = (folder: string, site: string) => readonly string[]

export const prepareCaddy: Prepare = (folder, site) => {
  const file = join(folder, 'Caddyfile')
  writeFileSync(file, `{\n\tadmin off\n\tauto_https off\n}\n${site}`)
  return ['run', '--config', file]
}

/** `site` listens as it says, but for its certificate. */
export const prepareNginx: Prepare = (folder, site) => {
  const file = join(folder, 'nginx.conf')
  const plain = site.replace(/^ *ssl_certificate.*\n/gm, '').replace('/var/log/nginx', folder)
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join('\n')
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/errors;
     events {} http { ${places}\n${plain} }`,
  )
  return ['-p', folder, '-c', file, '-e', join(folder, 'errors')]
}

/** Killed with this process at the latest. */
export function startProxy(program: string, args: readonly string[], folder: string): ChildProcess {
  const proxy = spawn(program, args, { stdio: 'ignore', env: { PATH: process.env.PATH, HOME: folder } })
  process.once('exit', () => proxy.kill('SIGKILL'))
  return proxy
}

export async function endProxy(proxy: ChildProcess): Promise<void> {
  const gone = new Promise((done) => proxy.once('exit', done))
  proxy.kill('SIGTERM')
  await gone
}
