import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { describe, it } from 'node:test'
import { atExit, cli, scratchHome, serve } from '../support/binary.ts'

const mortal = join(import.meta.dirname, '..', 'fixtures', 'mortal.ts')

describe('a server whose writing thread dies', () => {
  it('refuses who waits, and ends with the reason; what it acknowledged is there', {
    timeout: 60_000,
  }, async () => {
    const home = await scratchHome()
    const { stdout } = await cli(['expose', '--session', 'default', '--quiet'], { home })
    const { pathname } = new URL(stdout.trim())
    const server = await serveMortal(home)
    const knock = async (message: string) => {
      const { status } = await fetch(`${server.url}${pathname}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer: 'wait=0' },
        body: JSON.stringify({ message, from: 'test' }),
      })
      return status
    }
    assert.equal(await knock('kept'), 202)
    // A connection that a server opens no more is reset: that is no answer, and promises nothing.
    const others = ['a', 'die now', 'b']
    const statuses = await Promise.all(others.map((message) => knock(message).catch(() => undefined)))
    assert.ok(statuses.includes(503))
    assert.deepEqual(await server.ended, {
      code: 1,
      last: 'postern: The server cannot store any more: out of luck.',
    })
    const again = await serve(home)
    const listed = await cli(['deliveries', 'ls', '--json'], { home })
    const messages = (JSON.parse(listed.stdout) as { message: string }[]).map(({ message }) => message)
    const acknowledged = others.filter((_, i) => statuses[i] === 202)
    for (const message of ['kept', ...acknowledged]) assert.ok(messages.includes(`[test] ${message}`))
    assert.ok(!messages.includes('[test] die now'))
    assert.equal(await again.stop(), 0)
  })
})

describe('a server that is killed between commit and answer', () => {
  it('has counted the use of a URL of one use, and repeats its answer by the key', {
    timeout: 60_000,
  }, async () => {
    const home = await scratchHome()
    const args = ['expose', '--session', 'default', '--uses', '1', '--quiet']
    const { pathname } = new URL((await cli(args, { home })).stdout.trim())
    const knock = async ({ url }: { readonly url: string }, key?: string) => {
      const response = await fetch(`${url}${pathname}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          prefer: 'wait=0',
          ...(key && { 'idempotency-key': key }),
        },
        body: JSON.stringify({ message: 'die stored', from: 'test' }),
      })
      return [response.status, response.headers.get('idempotency-replayed')]
    }
    const server = await serveMortal(home)
    await assert.rejects(knock(server, 'once'))
    await server.ended
    const again = await serve(home)
    assert.deepEqual(await knock(again, 'once'), [202, 'true'])
    assert.deepEqual(
      [await knock(again), await knock(again, 'twice')],
      [
        [403, null],
        [403, null],
      ],
    )
    const listed = await cli(['deliveries', 'ls', '--json'], { home })
    assert.equal((JSON.parse(listed.stdout) as unknown[]).length, 1)
    assert.equal(await again.stop(), 0)
  })
})

async function serveMortal(home: string) {
  const run = process.versions.bun ? [] : ['run', '-A']
  const child = spawn(process.execPath, [...run, mortal, 'serve', '--port', '0'], {
    env: { ...process.env, POSTERN_HOME: home },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  atExit(() => child.kill('SIGKILL'))
  let stderr = ''
  const listening = Promise.withResolvers<string>()
  child.stderr.on('data', (chunk: Uint8Array) => {
    stderr += Buffer.from(chunk).toString()
    const url = /Listening on (http:\S+?)\/?\s/.exec(stderr)?.[1]
    if (url !== undefined) listening.resolve(url)
  })
  const ended = new Promise((resolve) =>
    child.once('close', (code) => {
      listening.reject(new Error(`It ended with ${code}: ${stderr}`))
      resolve({ code, last: stderr.trim().split('\n').at(-1) })
    }),
  )
  return { url: await listening.promise, ended }
}
