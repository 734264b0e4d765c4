import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { cli, scratchHome, serve } from '../support/binary.ts'
import { rounds } from '../support/long.ts'

const times = rounds(6, 100)
const noTerminals = process.env.POSTERN_TEST_RUNTIME === 'deno' ? 'Deno has no terminals of its own' : false

describe('kill -9 while a terminal is typed into', { skip: noTerminals }, () => {
  it('types nothing twice and loses nothing', { timeout: 1_200_000 }, async () => {
    const home = await scratchHome()
    const got = join(home, 'got')
    const reader = `while IFS= read -r line; do printf '%s\\n' "$line" >> ${got}; echo "got $line"; done`
    await cli(['run', '--session', 'tty', '--detach', '--', 'sh', '-c', reader], { home })
    const path = new URL((await cli(['expose', '--session', 'tty', '--quiet'], { home })).stdout.trim())
      .pathname
    const acknowledged = new Set<string>()
    for (let round = 0; round < times; round++) {
      const server = await serve(home)
      for (let i = 0; i < 2; i++) {
        const message = `round ${round} knock ${i}`
        const response = await fetch(`${server.url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', prefer: 'wait=0', 'idempotency-key': message },
          body: JSON.stringify({ message }),
        })
        if (response.status === 200 || response.status === 202) acknowledged.add(message)
      }
      // Another instant of the typing each time: before it, between echo and Enter, after it.
      await new Promise((resolve) => setTimeout(resolve, 200 + ((round * 331) % 1900)))
      await server.kill9()
    }
    const server = await serve(home)
    for (const end = Date.now() + 90_000; ; ) {
      const { stdout } = await cli(['deliveries', 'ls', '--json', '--limit', '1000'], { home })
      const all = JSON.parse(stdout) as { state: string }[]
      if (all.every(({ state }) => state === 'DELIVERED')) break
      assert.ok(Date.now() < end, `not everything arrived: ${stdout}`)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    await server.stop()
    const lines = (await readFile(got, 'utf8')).trimEnd().split('\n')
    assert.deepEqual(lines, [...acknowledged])
    await cli(['session', 'end', 'tty'], { home })
  })
})
