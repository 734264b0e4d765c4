import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ancestors } from '../../../src/drivers/process/ancestors.ts'
import { listensOnPort, listensOnSocket } from '../../../src/drivers/process/ports.ts'
import { identify } from '../../../src/drivers/process/process.ts'

const skip = process.platform === 'linux' ? false : 'reads /proc'

describe('ancestors', () => {
  it('lists the processes above, nearest first, with what they were started with', { skip }, async (t) => {
    const env = { PATH: process.env.PATH ?? '', POSTERN_SELF: '/run/of/the/outer.self' }
    // The outer shell keeps the variable; what it starts is cleaned of it, as codex does with its MCP servers.
    const inner = 'env -u POSTERN_SELF sh -c "echo \\$\\$; read line"'
    const outer = spawn('sh', ['-c', `${inner}; true`], { env, stdio: ['pipe', 'pipe', 'inherit'] })
    t.after(() => outer.kill('SIGKILL'))
    const [said] = (await once(outer.stdout, 'data')) as [Buffer]
    const above = await ancestors(Number(said.toString()))
    outer.stdin.end('\n')
    const [itself, itsParent] = above
    assert.equal(itself?.env.POSTERN_SELF, undefined)
    assert.equal(itsParent?.pid, outer.pid)
    assert.equal(itsParent?.env.POSTERN_SELF, '/run/of/the/outer.self')
    assert.deepEqual(
      above.slice(2, 3).map(({ pid, start }) => ({ pid, start })),
      [await identify(process.pid)],
    )
  })

  it('ends where nobody runs', { skip }, async () => {
    assert.deepEqual(await ancestors(2 ** 30), [])
    assert.deepEqual(await ancestors(0), [])
  })
})

describe('listensOnPort and listensOnSocket', () => {
  it('know the process that listens, and no other', { skip }, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-ports-'))
    const path = join(folder, 'a b.sock')
    const [byPort, byPath] = [createServer(), createServer()]
    t.after(async () => {
      byPort.close()
      byPath.close()
      await rm(folder, { recursive: true })
    })
    await new Promise<void>((resolve) => byPort.listen(0, '127.0.0.1', resolve))
    await new Promise<void>((resolve) => byPath.listen(path, resolve))
    const address = byPort.address()
    const port = typeof address === 'object' && address ? address.port : 0
    assert.deepEqual(
      [await listensOnPort(process.pid, port), await listensOnPort(process.ppid, port)],
      [true, false],
    )
    assert.deepEqual(
      [await listensOnSocket(process.pid, path), await listensOnSocket(process.ppid, path)],
      [true, false],
    )
    assert.equal(await listensOnSocket(process.pid, join(folder, 'a')), false)
  })
})
