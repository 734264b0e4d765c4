import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { blocksIn, documentOf, posternOnPath, shell } from '../support/documents.ts'
import { freePort } from '../support/free-port.ts'
import { until } from '../support/hooks.ts'

const blocks = blocksIn(await documentOf('tutorial.md'))
const root = resolve(import.meta.dirname, '../..')

const lacking = ['caddy', 'tmux', 'openssl', 'curl'].find(
  (program) => spawnSync(program, ['-V'], { stdio: 'ignore' }).error !== undefined,
)
const skip = lacking !== undefined && process.env.CI !== 'true' && `${lacking} is not installed`

/** On this machine the name, the ports and the folders of the page are others; all else runs as it is written. */
describe('the tutorial, block by block', { timeout: 120_000 }, () => {
  let folder: string
  let home: string
  let release: Server
  let env: Record<string, string>
  const places = new Map<string, string>()
  const taught = new Set<string>()

  const asHere = (text: string): string =>
    [...places].reduce((all, [there, here]) => all.replaceAll(there, here), text)
  /** The block with that number below a heading, without what comes before it. */
  const paste = async (heading: string, index = 0) => {
    const text = blocks(heading, 'sh')[index] ?? assert.fail(`${heading}: ${index}`)
    taught.add(text)
    return shell(asHere(text), { env, cwd: home })
  }
  const screen = () =>
    spawnSync('tmux', ['capture-pane', '-p', '-t', 'agent'], { env, encoding: 'utf8' }).stdout

  before(async () => {
    if (skip) return
    folder = mkdtempSync(join(tmpdir(), 'postern-tutorial-'))
    home = join(folder, 'home')
    const bin = join(folder, 'bin')
    await mkdir(home)
    await posternOnPath(join(folder, 'release'))
    release = await serveRelease(await readFile(join(folder, 'release/postern')))
    const [https, http, port] = [await freePort(), await freePort(), await freePort()]
    places.set('https://downloads.example.com', `http://127.0.0.1:${(release.address() as AddressInfo).port}`)
    places.set('hooks.example.com', `hooks.localhost:${https}`)
    places.set('127.0.0.1:7717', `127.0.0.1:${port}`)
    places.set('"port": 7717', `"port": ${port}`)
    places.set('/etc/caddy/Caddyfile', join(folder, 'Caddyfile'))
    await mkdir(bin)
    await standIn(join(bin, 'claude'), `exec node '${join(root, 'test/fixtures/fake-tui.mjs')}'`)
    // Packages are there already; Caddy is one of this test, with its own authority for certificates.
    await standIn(
      join(bin, 'sudo'),
      `case "$*" in
        apt-get\\ *) exit ;;
        'systemctl reload caddy')
          printf '{\\n\\tadmin off\\n\\tskip_install_trust\\n\\thttps_port ${https}\\n\\thttp_port ${http}\\n}\\n' |
            cat - '${folder}/Caddyfile' > '${folder}/Caddyfile.here'
          caddy start --config '${folder}/Caddyfile.here' --adapter caddyfile --pidfile '${folder}/caddy.pid' > '${folder}/caddy.log' 2>&1 ;;
        *) exec "$@" ;;
      esac`,
    )
    env = {
      PATH: `${bin}:${home}/.local/bin:${process.env.PATH}`,
      HOME: home,
      XDG_DATA_HOME: join(folder, 'data'),
      XDG_CONFIG_HOME: join(folder, 'config'),
      CURL_CA_BUNDLE: join(folder, 'data/caddy/pki/authorities/local/root.crt'),
      TMUX_TMPDIR: folder,
      FAKE_TUI_LOG: join(folder, 'heard'),
      LANG: 'C.UTF-8',
      ...(process.env.DENO_DIR && { DENO_DIR: process.env.DENO_DIR }),
    }
  })

  after(async () => {
    if (skip) return
    release.close()
    // A server takes the hangup of its terminal for an order to read its configuration again.
    const pid = spawnSync('tmux', ['list-panes', '-t', 'postern', '-F', '#{pane_pid}'], {
      env,
      encoding: 'utf8',
    }).stdout
    if (pid.trim() !== '') await ended(Number(pid))
    spawnSync('tmux', ['kill-server'], { env })
    const caddy = await readFile(join(folder, 'caddy.pid'), 'utf8').catch(() => '')
    if (caddy !== '') await ended(Number(caddy))
    rmSync(folder, { recursive: true, force: true })
  })

  it('1: installs the release', { skip }, async () => {
    const { stdout } = await paste('1. Install')
    assert.match(stdout, /^Installed postern \S+: .*\/\.local\/bin\/postern$/m)
    assert.match((await paste('1. Install', 1)).stdout, /^postern \d/)
  })

  it('2 to 4: the agent’s pane becomes a session, and hears what is said', { skip }, async () => {
    await paste('2. Start the agent')
    await paste('3. Configure the hook')
    await until('the agent is ready', async () => /Type your message/.test(screen()) || undefined)
    const { stdout } = await paste('4. Start the server, and make the pane a session')
    assert.match(stdout, /claude +tmux.* live/)
    const sent = await paste('4. Start the server, and make the pane a session', 1)
    assert.match(sent.stdout + sent.stderr, /delivered/i)
    await until('it heard', async () => (await heard()).includes('Say hello.') || undefined)
  })

  it('5: the door is open, with a certificate', { skip }, async () => {
    await paste('5. Open the door')
    await until(
      'Caddy has its authority',
      async () => (await readFile(env.CURL_CA_BUNDLE ?? '', 'utf8').catch(() => '')) || undefined,
    )
    assert.match((await paste('5. Open the door', 1)).stdout, /ok/)
  })

  it('6: a signed push reaches the agent, a forged one is refused and explained', { skip }, async () => {
    const { stdout } = await paste('6. Knock as GitHub would')
    assert.equal(JSON.parse(stdout).status, 'accepted')
    await until(
      'it heard of the push',
      async () => (await heard()).includes('Fix invoice rounding') || undefined,
    )
    assert.match(await heard(), /Look at what changed\. Say what could break; change nothing\./)
    await until('the list says so', async () => {
      const seen = (await paste('6. Knock as GitHub would', 1)).stdout
      return (/DELIVERED/i.test(seen) && seen.includes('done:')) || undefined
    })
    const refused = (await paste('6. Knock as GitHub would', 2)).stdout
    assert.match(refused, /"status":401/)
    await until('the refusal is explained', async () => {
      const { stdout } = await paste('6. Knock as GitHub would', 3)
      return /signature does not match/.test(stdout) || undefined
    })
    assert.ok(!(await heard()).includes('tutorial-2'))
  })

  it('7: prints the secret for GitHub; no block of the page is left out', { skip }, async () => {
    assert.match((await paste('7. Tell GitHub')).stdout, /^\S{16,}\n$/)
    const all = [...(await documentOf('tutorial.md')).matchAll(/^```(\w+)\n(.*?)^```/gms)]
    for (const [, kind, text = ''] of all) assert.ok(kind === 'sh' && taught.has(text), text)
  })

  const heard = (): Promise<string> => readFile(join(folder, 'heard'), 'utf8').catch(() => '')

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
})

/** The server that a pane runs, or Caddy. */
async function ended(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM')
  // One that has ended and is awaited by nobody has no program any more.
  await until(`${pid} is gone`, async () => !existsSync(`/proc/${pid}/exe`) || undefined)
}

const standIn = (path: string, script: string): Promise<void> =>
  writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
