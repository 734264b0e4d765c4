import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { cli, joinDoor, scratchHome } from '../support/binary.ts'
import { openDoor } from '../support/fleet.ts'

/** Commands that only look: each makes a database where there is none, or did. */
const looks = ['ls', 'session ls', 'deliveries ls', 'decide ls', 'hosts ls', 'refusals ls', 'notices ls']

/** A machine that is to join, and its token. */
async function laptopOf(door: Awaited<ReturnType<typeof openDoor>>, name: string) {
  const home = await scratchHome()
  const token = (await door.postern('hosts', 'add', name)).stdout
  const tokenFile = join(home, '..', 'token')
  writeFileSync(tokenFile, token, { mode: 0o600 })
  const order = [door.url, '--token-file', tokenFile]
  return { home, order, postern: (line: string) => cli(line.split(' '), { home }) }
}

describe('the home of a machine that joins', { timeout: 120_000 }, () => {
  it('may have been looked into before, and after it left', async () => {
    const door = await openDoor()
    const { home, order, postern } = await laptopOf(door, 'laptop')
    for (const look of [...looks, 'attach x', 'doctor']) await postern(look)
    const first = await joinDoor(home, order)
    const add = await postern('session add build --driver inbox')
    assert.equal(add.code, 0, add.stderr)
    const there = JSON.parse((await door.postern('session', 'ls', '--json')).stdout) as { id: string }[]
    assert.ok(there.some(({ id }) => id === 'build'))
    // What lies in the home is not what the door has.
    const here = JSON.parse((await postern('session ls --json')).stdout) as { id: string }[]
    assert.deepEqual(
      here.map(({ id }) => id),
      ['build'],
    )
    assert.equal(await first.stop(), 0)
    const left = await postern('leave')
    assert.equal(left.code, 0, left.stderr)
    for (const look of [...looks, 'attach x', 'doctor']) await postern(look)
    assert.ok(!(await postern('session ls')).stdout.includes('build'))
    const again = await joinDoor(home, order)
    assert.equal(await again.stop(), 0)
    assert.equal(await door.server.stop(), 0)
  })

  it('holds nothing of its own: what it has stored would wait for ever', async () => {
    const door = await openDoor()
    const { home, order, postern } = await laptopOf(door, 'laptop')
    assert.equal((await postern('session add mine --driver inbox')).code, 0)
    const before = readFileSync(join(home, 'postern.db'))
    const { code, stderr } = await cli(['join', ...order], { home })
    assert.equal(code, 2)
    assert.match(stderr, /This home is a door itself: it keeps its messages in .+postern\.db/)
    assert.deepEqual(readFileSync(join(home, 'postern.db')), before)
    assert.match((await postern('session ls')).stdout, /mine/)
    assert.equal((await cli(['join', ...order], { home: door.home })).code, 1)
    assert.equal(await door.server.stop(), 0)
    assert.equal((await cli(['join', ...order], { home: door.home })).code, 2)
  })
})
