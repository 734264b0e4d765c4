import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { DeliveryId } from '../../src/domain/delivery.ts'
import type { SessionId } from '../../src/domain/session.ts'
import { openAgentJournal } from '../../src/drivers/agent-process/journal.ts'
import { openAttempts } from '../../src/drivers/claude/journal.ts'
import { openRunJournal } from '../../src/drivers/command/journal.ts'
import { openJournal } from '../../src/drivers/journal.ts'
import { openSentJournal } from '../../src/drivers/opencode/journal.ts'
import { openEnterJournal } from '../../src/drivers/tmux/journal.ts'

const session = { id: 'build' as SessionId, generation: '00c0ffee00c0ffee' }
const deliveryId = 'whd_000000000000000000000001' as DeliveryId

const inFolder = (title: string, body: (runDir: string) => Promise<void>) =>
  test(title, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-journal-'))
    try {
      await body(join(folder, 'run'))
    } finally {
      await rm(folder, { recursive: true })
    }
  })

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
const open = (runDir: string) => openJournal(runDir, 'test', session, numberOf)
const nameOf = (kind: string): string => `${kind}-build-00c0ffee00c0ffee.json`

inFolder('openJournal keeps one entry of each opening of a session, for its owner alone', async (runDir) => {
  const journal = open(runDir)
  assert.equal(await journal.read(), undefined)
  await journal.write(1)
  await journal.write(2)
  assert.equal(await open(runDir).read(), 2)
  assert.deepEqual(await readdir(runDir), [nameOf('test')])
  assert.equal((await stat(join(runDir, nameOf('test')))).mode & 0o777, 0o600)
  assert.equal((await stat(runDir)).mode & 0o777, 0o700)
  await journal.clear()
  assert.deepEqual(await readdir(runDir), [])
})

inFolder('openJournal makes changes one after the other', async (runDir) => {
  const journal = open(runDir)
  await Promise.all(Array.from({ length: 20 }, () => journal.change((before = 0) => before + 1)))
  assert.equal(await journal.read(), 20)
})

inFolder('openJournal goes on after a write that failed', async (runDir) => {
  const journal = open(runDir)
  await writeFile(runDir, '')
  await assert.rejects(journal.write(1))
  await rm(runDir)
  await journal.write(2)
  assert.equal(await journal.read(), 2)
})

inFolder('openJournal reads nothing from what it does not understand', async (runDir) => {
  await mkdir(runDir)
  for (const text of ['', '{', '"two"', 'null']) {
    await writeFile(join(runDir, nameOf('test')), text)
    assert.equal(await open(runDir).read(), undefined, text)
  }
})

inFolder('openJournal hides what an earlier crash left open to others', async (runDir) => {
  await mkdir(runDir)
  await writeFile(join(runDir, `${nameOf('test')}.new`), '9')
  await chmod(join(runDir, `${nameOf('test')}.new`), 0o644)
  await open(runDir).write(1)
  assert.equal((await stat(join(runDir, nameOf('test')))).mode & 0o777, 0o600)
  assert.equal(await readFile(join(runDir, nameOf('test')), 'utf8'), '1')
})

/** As version 0.1.0 left them when it was stopped in the middle of a turn. */
const gone = { pid: 2 ** 22 + 1, start: 'deadbeef:1' }
const ofVersion010 = {
  acp: { owner: gone, agent: { ...gone, mark: 'm' }, taken: { deliveryId, turn: true, given: true } },
  command: { ...gone, deliveryId },
}

inFolder(
  'openAgentJournal and openRunJournal understand what version 0.1.0 had under way',
  async (runDir) => {
    await mkdir(runDir)
    for (const [kind, entry] of Object.entries(ofVersion010))
      await writeFile(join(runDir, nameOf(kind)), JSON.stringify(entry))
    const agent = openAgentJournal(runDir, 'acp', session)
    assert.deepEqual(await agent.left(), { deliveryId, turn: true, given: true })
    await agent.end()
    assert.equal(await openRunJournal(runDir, session).sweep(), deliveryId)
    assert.deepEqual(await readdir(runDir), [])
  },
)

inFolder('openAttempts, openSentJournal and openEnterJournal understand it as well', async (runDir) => {
  await mkdir(runDir)
  const put = (kind: string, entry: object) => writeFile(join(runDir, nameOf(kind)), JSON.stringify(entry))
  const attempt = { deliveryId, messageId: 'm', sha256: 'ab', turn: true, sessionId: 's', from: 7 }
  const sent = { deliveryId, messageId: 'msg_1', turn: false, at: 5 }
  await put('claude', attempt)
  await put('opencode', sent)
  await put('tmux', { deliveryId })
  assert.deepEqual(await openAttempts(runDir, session).read(), attempt)
  assert.deepEqual(await openSentJournal(runDir, session).read(), sent)
  assert.equal((await openEnterJournal(runDir, session).recall(deliveryId))?.kind, 'unknown')
})
