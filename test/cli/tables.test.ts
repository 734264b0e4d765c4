import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { shortened } from '../../src/cli/table.ts'
import { widthOf } from '../../src/cli/terminal-text.ts'
import type { DecisionId } from '../../src/domain/decision.ts'
import type { GrantId } from '../../src/domain/grant.ts'
import type { Hook } from '../../src/domain/hook.ts'
import type { HostName } from '../../src/domain/host.ts'
import type { SessionId } from '../../src/domain/session.ts'
import { addDelivery, addSession, cli, createWorld, type Facts, start, type World } from './fake-io.ts'

const obeyed = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/
const ugly = `字🙂✅👩‍💻\x1b[2Jé\u202e\tspace\n${'字'.repeat(300)}`
const long = 'a.very-long-name.of-a-session_that.is-as-long-as_one-may-be-64-x'

async function uglyWorld(): Promise<World> {
  const world = createWorld()
  addSession(world, long, { state: 'offline', why: ugly, decisions: true })
  for (let n = 0; n < 12; n++) {
    const id = `9f3c1a2b7d4e5f${n.toString(16).padStart(2, '0')}` as GrantId
    const label = n % 2 === 0 ? `ci ${n}` : `${n} ${ugly}`
    world.grants.set(id, {
      id,
      session: (n % 2 === 0 ? 'build' : long) as SessionId,
      ...{ verb: 'send_input', label, createdAt: start - n, uses: n, maxUses: 1_000_000 },
      ...{ expiresAt: start + n * 90_000_000, lastUsedAt: start - 7_200_000 },
    })
    addDelivery(world, {
      session: (n % 3 === 0 ? 'build' : long) as SessionId,
      source: n % 2 === 0 ? { kind: 'grant', grant: id } : { kind: 'hook', hook: 'github' },
      message: n === 5 ? ugly.repeat(100) : ugly,
      state: n % 2 === 0 ? 'FAILED' : 'PENDING',
      ...(n % 2 === 0 ? { failedStep: 'session_ended' as const } : { heldBecause: 'session_ended' as const }),
    })
  }
  const refusal = {
    status: 403,
    code: 'forbidden' as const,
    cause: ugly,
    peer: '2001:db8::1234:5678:9abc:def0',
  }
  await world.store.recordRefusals(
    [0, 1, 2].map((n) => ({ ...refusal, at: start - n, door: `/hook/${long}`, requestId: `r${n}` })),
    [],
  )
  for (const n of [0, 1, 2])
    await world.store.openDecision({
      id: `dec_9f3c1a2b7d4e5f0${n}` as DecisionId,
      session: long as SessionId,
      generation: `first of ${long}`,
      request: { id: `${n}`, kind: 'permission', title: ugly, detail: ugly },
      ...{ openedAt: start - n, expiresAt: start + 600_000 },
    })
  await world.store.setNoticeRules([{ name: ugly, on: ['guess_alarm'], session: '*' }])
  for (const count of [1, 2, 3]) await world.store.noteHappening({ name: 'guess_alarm', data: { count } })
  for (const name of ['laptop', long, 'vm'])
    await world.store.addHost(name as HostName, '', start - 90_000_000)
  await world.store.attachHost(long as HostName, start, start + 10_000)
  return world
}

const uglyHook = (name: string): Hook => ({
  ...{ name, path: `/api/hooks/${long}`, template: ugly, active: true, action: 'agent', fence: false },
  ...{ verify: { scheme: 'github', secrets: [] }, maxBodyBytes: 1 },
})

/** Hooks are not of the store. */
const hooks: Facts['hooks'] = async () => ({
  list: async () => ['github', ugly, long].map(uglyHook),
  targets: async () => [],
  curl: async () => ({ note: '', line: '' }),
  test: () => assert.fail('nothing is tried'),
})

const tables = [
  ['ls', 12],
  ['deliveries ls', 12],
  ['session ls', 4],
  ['refusals ls', 3],
  ['notices ls', 3],
  ['decide ls', 3],
  ['hooks ls', 3],
  ['hosts ls', 3],
] as const

/** Ages end where the title of their column does, and every other cell begins where its title does. */
function assertAligned([heading = '', ...rows]: readonly string[]): void {
  for (const { 0: title, index } of heading.matchAll(/\S+(?: \S+)*/g))
    for (const row of rows.map(cellsOf)) {
      const ends = index + title.length
      const right =
        /^(?:TIME|RECEIVED|ATTEMPTS|LAST USED|USES|QUEUE|SESSIONS|SEEN|ADDED|OPENED|ASKED|UNTIL|FAILURES)$/.test(
          title,
        )
      const around = right ? row.slice(ends, ends + 2) : row.slice(Math.max(0, index - 2), index)
      assert.equal(around.join('').trim(), '', `${title}: ${row.join('')}`)
    }
}

/** What stands in each column of the terminal; nothing in the second half of a wide sign. */
const cellsOf = (line: string): readonly string[] =>
  [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(line)].flatMap(({ segment }) =>
    widthOf(segment) === 2 ? [segment, ''] : [segment],
  )

describe('tables', () => {
  for (const [command, rows] of tables)
    for (const columns of [20, 60, 80, 120, 200])
      it(`${command} has one line a row at ${columns} columns`, async () => {
        const terminal = { stdin: true, stdout: true, stderr: true, columns, rows: 24 }
        const facts = { terminal, env: { NO_COLOR: '1' }, now: () => start + 240_000, hooks }
        const { stdout } = await cli(await uglyWorld(), command.split(' '), facts)
        const lines = stdout.trimEnd().split('\n')
        assert.equal(lines.length, rows + 1)
        for (const line of lines) assert.ok(widthOf(line) <= Math.max(columns, 32), line)
        assert.doesNotMatch(stdout, obeyed)
        if (columns >= 60) assertAligned(lines)
      })

  for (const [command, rows] of tables)
    it(`${command} has one bounded line a row in a pipe, with whole ids and times`, async () => {
      const { stdout } = await cli(await uglyWorld(), command.split(' '), { hooks })
      const lines = stdout.trimEnd().split('\n')
      assert.equal(lines.length, rows + 1)
      for (const line of lines) assert.ok(line.length < 800, String(line.length))
      if (command !== 'refusals ls' && command !== 'hooks ls') assert.match(stdout, / 2026-|^2026-/m)
    })

  it('name grants by their labels and times by their age, and shorten ids to what tells them apart', async () => {
    const terminal = { stdin: true, stdout: true, stderr: true, columns: 120, rows: 24 }
    const facts = { terminal, env: { NO_COLOR: '1' }, now: () => start + 240_000 }
    const world = await uglyWorld()
    const deliveries = (await cli(world, ['deliveries', 'ls'], facts)).stdout
    assert.match(deliveries, / ci 10 /)
    assert.match(deliveries, /^whd_\S{8,} +FAILED +3m /m)
    const grants = (await cli(world, ['ls'], facts)).stdout
    assert.match(grants, /^9f3c1a2b7d4e5f00 +build +send_input +ci 0 +no +expired +2h +0\/1000000$/m)
    assert.deepEqual(shortened(['abcdefgh', 'abcdxfgh'], 4), ['abcde', 'abcdx'])
    assert.deepEqual(shortened(['abcdefgh'], 6), ['abcdef'])
  })

  it('keep at 60 columns what is needed most', async () => {
    const terminal = { stdin: true, stdout: true, stderr: true, columns: 60, rows: 24 }
    const heading = async (...argv: string[]) =>
      (await cli(await uglyWorld(), argv, { terminal, hooks })).stdout
        .split('\n')[0]
        ?.replace(/\x1b\[\d*m/g, '')
    assert.match((await heading('deliveries', 'ls')) ?? '', /^ID +STATE +RECEIVED.* MESSAGE$/)
    assert.match((await heading('ls')) ?? '', /^ID +CHANNEL +LABEL .*USES$/)
    assert.match((await heading('session', 'ls')) ?? '', /^ID +.*STATE +DOING .*WHY$/)
    assert.match((await heading('refusals', 'ls')) ?? '', /^ *TIME +STATUS +DOOR +CAUSE/)
    assert.match((await heading('notices', 'ls')) ?? '', /^ *TIME +STATE +RULE +EVENT .*WHY$/)
    assert.match((await heading('decide', 'ls')) ?? '', /^ID +SESSION +STATE .*UNTIL +ASKS$/)
    assert.match((await heading('hooks', 'ls')) ?? '', /^NAME +.*ACTIVE +SESSION +VERIFY$/)
  })
})
