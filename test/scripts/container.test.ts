import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { stageContainer } from '../../scripts/container.ts'
import { binary } from '../support/binary.ts'
import { until } from '../support/hooks.ts'

const missing = spawnSync('buildah', ['--version']).error !== undefined && 'buildah is not installed'
const skip =
  process.env.CI !== 'true' &&
  (missing || (process.getuid?.() !== 0 && 'buildah without a daemon is for root'))

describe('the container image, built by buildah from nothing', { timeout: 120_000 }, () => {
  let folder: string
  let server: ChildProcess | undefined
  const env = { ...process.env, STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' }
  const argv = (...args: readonly string[]) => [
    ...['--root', join(folder, 'store'), '--runroot', join(folder, 'run')],
    ...args,
  ]
  const buildah = (...args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync('buildah', argv(...args), { env, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    return stdout.trim()
  }
  const postern = (...args: readonly string[]) => buildah('run', 'trial', '--', '/usr/bin/postern', ...args)

  before(() => {
    if (skip) return
    folder = mkdtempSync(join(tmpdir(), 'postern-container-'))
    stageContainer(join(folder, 'context'), binary()[0])
    buildah('build', '--layers=false', '--tag', 'postern', join(folder, 'context'))
    buildah('from', '--name', 'trial', 'localhost/postern')
  })
  after(async () => {
    if (skip) return
    await stop()
    buildah('rm', 'trial')
    rmSync(folder, { recursive: true, force: true })
  })

  /** The server itself, below buildah's own processes. */
  const serverPid = () =>
    Number(
      spawnSync('pgrep', ['-n', '-u', '65532', '-f', '/usr/bin/postern serve'], { encoding: 'utf8' }).stdout,
    )

  async function stop(): Promise<void> {
    if (!server || server.exitCode !== null) return
    const gone = new Promise((done) => server?.once('exit', done))
    const pid = serverPid()
    if (pid > 1) process.kill(pid, 'SIGTERM')
    else server.kill()
    await gone
  }

  it('runs as nobody of the machine, keeps its home in a volume, and holds no shell', { skip }, () => {
    const { config } = JSON.parse(
      buildah('inspect', '--type', 'image', '--format', '{{.Config}}', 'localhost/postern'),
    )
    assert.equal(config.User, '65532:65532')
    assert.deepEqual(config.Volumes, { '/var/lib/postern': {} })
    assert.deepEqual(
      [...config.Entrypoint, ...config.Cmd],
      ['/usr/bin/postern', 'serve', '--host', '0.0.0.0'],
    )
    assert.notEqual(
      spawnSync('buildah', argv('run', 'trial', '--', '/bin/sh', '-c', 'true'), { env }).status,
      0,
    )
  })

  it('serves, takes a knock and keeps it', { skip }, async () => {
    let said = ''
    server = spawn('buildah', argv('run', 'trial', '--', '/usr/bin/postern', 'serve', '--port', '0'), { env })
    server.stderr?.on('data', (chunk) => {
      said += chunk
    })
    await until('it listens', async () => {
      assert.equal(server?.exitCode, null, said)
      return /Listening on http:\/\/\S+?\/?\s/.exec(said)?.[0]
    })
    const url = postern('expose', '--session', 'default', '--quiet')
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: 'hello in there',
    })
    assert.equal(response.status, 202, said)
    await stop()
    assert.match(postern('inbox', '--session', 'default'), /hello in there/)
  })
})
