import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { blocksIn, documentOf, posternOnPath, shell } from './documents.ts'
import { freePort } from './free-port.ts'
import { authorityIn, caddyEnv, endCaddy, ended, standIn, sudoScript } from './stand-ins.ts'

const root = resolve(import.meta.dirname, '../..')

interface TutorialPlace {
  /** Gone afterwards. */
  readonly folder: string
  /** Whose home it is that the page fills. */
  readonly home: string
  /** What `claude` runs. */
  readonly agent: string
  readonly env?: Readonly<Record<string, string>>
}

/** The tutorial as it is followed on this machine: name, ports and folders are others, all else runs as it is written. */
export interface Tutorial {
  /** Runs the block with that number below a heading, without what comes before it. */
  paste(heading: string, index?: number): Promise<{ readonly stdout: string; readonly stderr: string }>
  /** What the agent's pane shows. */
  screen(): string
  /** Presses keys in it, by their names in tmux. */
  press(...keys: readonly string[]): void
  /** Where Caddy's own authority is, once it has one. */
  readonly authority: string
  /** The blocks that were run. */
  readonly taught: ReadonlySet<string>
  close(): Promise<void>
}

export async function openTutorial({ folder, home, agent, env: more }: TutorialPlace): Promise<Tutorial> {
  const blocks = blocksIn(await documentOf('tutorial.md'))
  const places = new Map<string, string>()
  const taught = new Set<string>()
  const bin = join(folder, 'stand-ins')
  await posternOnPath(join(folder, 'release'))
  const release = await serveRelease(await readFile(join(folder, 'release/postern')))
  const [https, http, port] = [await freePort(), await freePort(), await freePort()]
  places.set('https://downloads.example.com', `http://127.0.0.1:${(release.address() as AddressInfo).port}`)
  places.set('hooks.example.com', `hooks.localhost:${https}`)
  places.set('127.0.0.1:7717', `127.0.0.1:${port}`)
  places.set('"port": 7717', `"port": ${port}`)
  places.set('/etc/caddy/Caddyfile', join(folder, 'Caddyfile'))
  await mkdir(bin)
  await standIn(join(bin, 'claude'), agent)
  await standIn(join(bin, 'sudo'), sudoScript({ folder, https, http }))
  const env: Record<string, string> = {
    ...{ HOME: home, LANG: 'C.UTF-8', TMUX_TMPDIR: folder },
    ...caddyEnv(folder),
    ...(process.env.DENO_DIR && { DENO_DIR: process.env.DENO_DIR }),
    ...more,
    PATH: `${bin}:${home}/.local/bin:${more?.PATH ?? process.env.PATH}`,
  }
  const tmux = (...args: readonly string[]) => spawnSync('tmux', args, { env, encoding: 'utf8' }).stdout
  return {
    paste: async (heading, index = 0) => {
      const text = blocks(heading, 'sh')[index] ?? assert.fail(`${heading}: ${index}`)
      taught.add(text)
      const here = [...places].reduce((all, [there, here]) => all.replaceAll(there, here), text)
      return shell(here, { env, cwd: home })
    },
    screen: () => tmux('capture-pane', '-p', '-t', 'agent'),
    press: (...keys) => void tmux('send-keys', '-t', 'agent', ...keys),
    ...{ authority: authorityIn(folder), taught },
    close: async () => {
      release.close()
      // A server takes the hangup of its terminal for an order to read its configuration again.
      const pid = tmux('list-panes', '-t', 'postern', '-F', '#{pane_pid}')
      if (pid.trim() !== '') await ended(Number(pid))
      tmux('kill-server')
      await endCaddy(folder)
    },
  }
}

/** A folder of release files, as a web server has them. */
async function serveRelease(program: Uint8Array): Promise<Server> {
  const name = `postern-linux-${process.arch}`
  const sum = createHash('sha256').update(program).digest('hex')
  const files = new Map<string, string | Uint8Array>([
    ['install.sh', await readFile(join(root, 'scripts/install.sh'))],
    ['SHA256SUMS', `${sum}  ${name}\n`],
    [name, program],
  ])
  const server = createServer((request, response) => {
    const file = files.get((request.url ?? '').split('/').at(-1) ?? '')
    response.writeHead(file === undefined ? 404 : 200)
    response.end(file)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return server
}
