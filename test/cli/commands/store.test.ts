import assert from 'node:assert/strict'
import { it } from 'node:test'
import { cli, createWorld } from '../fake-io.ts'

const to = 'postgres://postern@db/postern'
const content = (rows: number, sign: string) => ({ rows, sha256: sign.repeat(64) })
const same = { name: 'grants', from: content(3, 'a'), to: content(3, 'a'), same: true }
const other = { name: 'events', from: content(9, 'b'), to: content(9, 'c'), same: false }
const fewer = { name: 'waits', from: content(2, 'd'), to: content(1, 'e'), same: false }

it('store copy prints a line for each table, and what to do next', async () => {
  const world = createWorld()
  world.copied = [same]
  const { code, stdout, stderr } = await cli(world, ['store', 'copy', '--to', to])
  assert.equal(code, 0)
  assert.equal(
    stdout,
    `TABLE   ROWS  SHA-256           READ BACK\ngrants     3  ${'a'.repeat(16)}  the same\n`,
  )
  assert.match(
    stderr,
    /^Everything is in postgres:\/\/postern@db\/postern now\. .*postern\.db stays as it is\.\n/,
  )
  assert.match(stderr, /POSTERN_STORE.*Never serve both/)
})

it('store copy fails where anything differs, and says where', async () => {
  const world = createWorld()
  world.copied = [same, other, fewer]
  const { code, stdout, stderr } = await cli(world, ['store', 'copy', '--to', to])
  assert.equal(code, 1)
  assert.match(stdout, /\nevents +9 +b+ +other values\nwaits +2 +d+ +1 row\n$/)
  assert.equal(stderr, `Nothing was kept in ${to}: read back, events, waits differed.\n`)
  const asJson = await cli(world, ['store', 'copy', '--to', to, '--json'])
  assert.equal(asJson.code, 1)
  assert.deepEqual(JSON.parse(asJson.stdout), { to, kept: false, tables: [same, other, fewer] })
})

it('store copy wants to know where to', async () => {
  const { code, stderr } = await cli(createWorld(), ['store', 'copy'])
  assert.equal(code, 2)
  assert.match(stderr, /--to/)
})
