import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { longMessage } from './messages.ts'
import { agentProcesses, assertSaid, assertSaidAlone, type Stage, saidOf } from './stage.ts'

/** Everything that may go wrong with an agent whose process is Postern's and whose answers are told. */
export const ownedHazards = {
  'a turn with a tool call answers, once': async (stage) => {
    const shown = await stage.turn('TOOL:printf %s-%s through 42')
    assert.equal(shown.state, 'DELIVERED', JSON.stringify(shown))
    assert.match(shown.answer ?? '', /TOOL-RESULT: [\s\S]*through-42/)
    await assertSaid(stage, 'through', ['TOOL:printf %s-%s through 42'])
  },

  'a model failure is never delivered': async (stage) => {
    const shown = await stage.turn('FAIL:400 please')
    assert.equal(shown.state, 'FAILED', JSON.stringify(shown))
    await assertSaid(stage, 'FAIL:400', ['FAIL:400 please'])
  },

  'commands in messages are texts': async (stage) => {
    const bare = ['!touch x', '/exit', '@/etc/passwd', '/compact']
    const ids: string[] = []
    for (const message of bare) ids.push((await stage.knock(message)).id)
    for (const shown of await stage.settled(...ids))
      assert.equal(shown.state, 'DELIVERED', JSON.stringify(shown))
    assert.equal(existsSync(join(stage.bench.place.cwd, 'x')), false)
    for (const message of bare) await assertSaid(stage, message, [`[webhook] ${message}`])
  },

  'one word does not end the agent': async (stage) => {
    const words = ['exit', 'quit', ':q', 'logout', '退出']
    for (const word of words) {
      const shown = await stage.turn(word)
      assert.equal(shown.state, 'DELIVERED', JSON.stringify(shown))
      await assertSaidAlone(stage, word)
    }
    assert.equal((await stage.turn('SAY:still there')).answer, 'still there')
  },

  'knocks during a slow turn arrive afterwards, in order': async (stage) => {
    const slow = await stage.begin('SLOW:3 first')
    const ids = [slow]
    for (let i = 1; i <= 10; i++) ids.push((await stage.knock(`SAY:number ${i} of 10`)).id)
    for (const shown of await stage.settled(...ids))
      assert.equal(shown.state, 'DELIVERED', JSON.stringify(shown))
    const expected = ids.slice(1).map((_, i) => `SAY:number ${i + 1} of 10`)
    await assertSaid(stage, 'of 10', expected)
  },

  'long messages arrive whole': async (stage) => {
    for (const kilobytes of [8, 60]) {
      const message = longMessage(kilobytes * 1024)
      const shown = await stage.turn(message)
      assert.equal(shown.state, 'DELIVERED', JSON.stringify(shown).slice(0, 2000))
      const said = saidOf(stage, `long message of ${kilobytes * 1024}`)
      assert.equal(said.length, 1)
      assert.equal(said[0]?.trim(), message)
    }
  },

  'the agent is killed during a turn': async (stage) => {
    const id = await stage.begin('SLOW:40 last words')
    await stage.asked(/last words/)
    for (const { pid } of await agentProcesses(stage)) process.kill(pid, 'SIGKILL')
    const [shown] = await stage.settled(id)
    assert.equal(shown?.state, 'FAILED', JSON.stringify(shown))
    await assertSaid(stage, 'last words', ['SLOW:40 last words'])
    assert.equal((await stage.turn('SAY:back again')).answer, 'back again')
  },

  'the server is killed during a turn': async (stage) => {
    const id = await stage.begin('SLOW:6 under the axe')
    await stage.asked(/under the axe/)
    await stage.kill9()
    await stage.restart()
    const [shown] = await stage.settled(id)
    assert.ok(shown?.state === 'DELIVERED' || shown?.state === 'FAILED', JSON.stringify(shown))
    assert.ok((await agentProcesses(stage)).length <= 1, JSON.stringify(await agentProcesses(stage)))
    if (shown.state === 'FAILED') assert.match(shown.detail ?? '', /unknown/)
    await assertSaid(stage, 'under the axe', ['SLOW:6 under the axe'])
  },
} satisfies Readonly<Record<string, (stage: Stage) => Promise<void>>>
