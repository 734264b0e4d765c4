import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { HookEventReader } from '../../../src/drivers/agent-hooks/event-file.ts'
import { typingRules } from '../../../src/drivers/terminal/keystrokes.ts'
import { createTypist } from '../../../src/drivers/terminal/typing.ts'
import { type ProgramWanted, screenOf, simulate } from '../../support/program.ts'

/** An agent without hooks. */
const deaf: HookEventReader = {
  begin: async () => {},
  events: async () => [],
  habit: async () => 'silent',
  forget: async () => {},
}

const never = new AbortController().signal

const atWork = (wanted?: ProgramWanted) => {
  const program = simulate(wanted)
  const typist = createTypist(program.surface, typingRules('linux'), deaf)
  return { program, typist, type: (text: string, signal = never) => typist.type(text, signal) }
}

/** Nothing can be taken back out of its input box. */
const stubborn: ProgramWanted = { obeysBackspace: false }

const cat = { bracketedPaste: false, cooked: true, silent: true } as const

describe('type', () => {
  const programs: Readonly<Record<string, ProgramWanted>> = {
    'an agent': {},
    'a slow agent': { lagMs: 1400 },
    'a line reader': { bracketedPaste: false, cooked: true },
    'a line reader that shows nothing of its own': cat,
    'an agent that swallows the first Enter': { onEnter: (enters) => (enters === 1 ? 'ignore' : 'send') },
    'a program that ends on Enter': { endsOnEnter: true },
  }
  for (const [title, wanted] of Object.entries(programs))
    it(`brings a message to ${title} once, seen as echo`, async () => {
      const { program, type } = atWork(wanted)
      assert.deepEqual(await type('fix the build'), { kind: 'taken', evidence: 'echo' })
      assert.deepEqual(program.taken, ['fix the build'])
    })

  it('takes a paste marker as evidence', async () => {
    const { program, type } = atWork({ shows: 'marker' })
    assert.deepEqual(await type('one\ntwo\nthree'), { kind: 'taken', evidence: 'marker' })
    assert.deepEqual(program.taken, ['one\ntwo\nthree'])
  })

  it('brings a text that spells paste markers to a box that folds it', async () => {
    const { program, type } = atWork({ shows: 'marker' })
    const texts = [1, 2].map((number) => `[paste #${number} +3 lines]\n[Pasted text #1 +12 lines]\nthe end`)
    for (const text of texts) assert.deepEqual(await type(text), { kind: 'taken', evidence: 'marker' })
    assert.deepEqual(program.taken, texts)
  })

  it('brings a text that ends as the placeholder does with one Enter', async () => {
    const { program, type } = atWork({ placeholder: 'Type your message or @path/to/file' })
    assert.deepEqual(await type('read docs/path/to/file'), { kind: 'taken', evidence: 'echo' })
    assert.deepEqual(program.input, ['read docs/path/to/file', '\r'])
  })

  it('brings the same message twice when it is sent twice', async () => {
    const { program, type } = atWork()
    await type('again')
    program.after(2000, () => {})
    assert.equal((await type('again')).kind, 'taken')
    assert.deepEqual(program.taken, ['again', 'again'])
  })

  for (const [title, text, answer] of [
    ['numbered messages', (i: number) => `number ${i} of 20`, (text: string) => text],
    ['equal messages', () => 'deploy now', () => 'done'],
  ] as const)
    it(`brings ${title} once each when old lines scroll away`, async () => {
      const { program, type } = atWork({ rows: 12, answer })
      const texts = Array.from({ length: 20 }, (_, i) => text(i + 1))
      for (const one of texts) {
        program.surface.pause(2000)
        assert.deepEqual(await type(one), { kind: 'taken', evidence: 'echo' })
      }
      assert.deepEqual(program.taken, texts)
    })

  it('knows that an equal message is taken when its answer repeats what scrolls away', async () => {
    const { program, type } = atWork({ rows: 4, bare: true, answer: (text) => `as you say: ${text}` })
    for (let i = 0; i < 4; i++) {
      program.surface.pause(2000)
      assert.deepEqual(await type('deploy the build now'), { kind: 'taken', evidence: 'echo' })
    }
    assert.equal(program.input.filter((keys) => keys === '\r').length, 4)
  })

  it('types nothing while the screen moves', async () => {
    const { program, type, typist } = atWork()
    const spin = () => {
      program.draw('spinning')
      program.after(90, spin)
    }
    spin()
    assert.equal((await type('not now')).kind, 'busy')
    assert.equal((await typist.readiness()).kind, 'busy')
    assert.deepEqual(program.input, [])
  })

  it('types nothing into a dialog or a draft', async () => {
    const { program, type, typist } = atWork()
    program.dialog = ['Proceed?', '❯ 1. Yes', '  2. No']
    assert.equal((await type('y')).kind, 'busy')
    program.dialog = undefined
    program.draft = true
    assert.equal((await type('y')).kind, 'busy')
    assert.equal((await typist.readiness()).kind, 'blocked')
    assert.deepEqual(program.input, [])
  })

  it('types nothing into a line mode that nobody reads', async () => {
    const { program, type } = atWork(cat)
    program.isRead = false
    assert.equal((await type('hello')).kind, 'busy')
    assert.deepEqual(program.input, [])
    program.isRead = true
    assert.equal((await type('hello')).kind, 'taken')
  })

  it('presses no Enter without an echo, and does not type again until something has changed', async () => {
    const { program, type } = atWork({ shows: 'nothing' })
    for (let i = 0; i < 3; i++) assert.equal((await type('into the dark')).kind, 'busy')
    assert.deepEqual(program.input, ['into the dark'])
    assert.deepEqual(program.taken, [])
  })

  it('sends what showed up late instead of typing it again', async () => {
    const { program, type } = atWork({ lagMs: 6000 })
    assert.equal((await type('slow one')).kind, 'busy')
    program.surface.pause(6000)
    assert.equal((await type('slow one')).kind, 'failed')
    program.surface.pause(12_000)
    assert.deepEqual(await type('slow one'), { kind: 'taken', evidence: 'echo' })
    assert.deepEqual(
      program.taken.filter((text) => text !== ''),
      ['slow one'],
    )
    assert.equal(program.input.filter((text) => text === 'slow one').length, 1)
  })

  it('waits longer for a long text that its program lays out slowly', async () => {
    const { program, type } = atWork({ lagMsPerCharacter: 0.3 })
    const long = 'wörk '.repeat(4000)
    assert.equal((await type(long)).kind, 'taken')
    assert.deepEqual(program.input, [long, '\r'])
  })

  it('types again what an unknown dialog has swallowed', async () => {
    const { program, type } = atWork()
    program.dialog = ['Choose with the arrow keys']
    assert.equal((await type('hello')).kind, 'busy')
    program.dialog = undefined
    program.draw('chosen')
    assert.equal((await type('hello')).kind, 'taken')
    assert.deepEqual(program.taken, ['hello'])
  })

  for (const act of ['ignore', 'newline'] as const)
    it(`never says taken when Enter ends in ${act}, and takes the text back each time`, async () => {
      const { program, type } = atWork({ onEnter: () => act })
      for (let i = 0; i < 4; i++) {
        const outcome = await type('stuck text')
        assert.ok(outcome.kind === 'failed' && outcome.retry && outcome.why.startsWith('typed_not_submitted'))
        assert.equal(program.box.trim(), '')
      }
      assert.deepEqual(program.taken, [])
    })

  for (const act of ['ignore', 'newline'] as const)
    it(`types nothing twice where nothing can be taken back and Enter ends in ${act}`, async () => {
      const { program, type } = atWork({ onEnter: () => act, obeysBackspace: false })
      for (let i = 0; i < 8; i++) {
        assert.match((await type('stuck text')).kind, /^(?:failed|busy)$/)
        program.surface.pause(4000)
      }
      assert.equal(program.input.filter((text) => text === 'stuck text').length, 1)
      assert.equal((await type('another text')).kind, 'busy')
      assert.deepEqual(program.taken, [])
    })

  it('clears for the next message what it could not send, where the program lets it', async () => {
    const { program, type } = atWork({
      onEnter: (enters) => (enters <= 2 ? 'ignore' : 'send'),
      obeysKillLine: true,
    })
    assert.equal((await type('first')).kind, 'failed')
    assert.equal(program.box, '')
    assert.equal((await type('second')).kind, 'taken')
    assert.deepEqual(program.taken, ['second'])
  })

  it('types it again once the program takes Enter', async () => {
    const { program, type } = atWork({ onEnter: (enters) => (enters <= 3 ? 'ignore' : 'send') })
    assert.equal((await type('patient')).kind, 'failed')
    assert.deepEqual(await type('patient'), { kind: 'taken', evidence: 'echo' })
    assert.deepEqual(program.taken, ['patient'])
  })

  it('counts as taken what a person has sent by hand, not what they threw away', async () => {
    const { program, type, typist } = atWork({
      ...stubborn,
      onEnter: (enters) => (enters <= 2 ? 'ignore' : 'send'),
    })
    assert.equal((await type('left over')).kind, 'failed')
    await typist.onPersonKeys(true)
    await program.surface.press('\r', screenOf([]))
    program.surface.pause(9000)
    program.surface.pause(3000)
    assert.deepEqual(await type('left over'), { kind: 'taken', evidence: 'echo' })
    assert.deepEqual(program.taken, ['left over'])
  })

  it('types again what a person threw away', async () => {
    const { program, type, typist } = atWork({
      ...stubborn,
      onEnter: (enters) => (enters <= 2 ? 'ignore' : 'send'),
    })
    assert.equal((await type('thrown away')).kind, 'failed')
    await typist.onPersonKeys(false)
    program.box = ''
    program.draw('cleared')
    program.surface.pause(12_000)
    assert.equal((await type('thrown away')).kind, 'taken')
    assert.deepEqual(program.taken, ['thrown away'])
  })

  it('lets go when told to before anything is typed', async () => {
    const { program, type } = atWork()
    assert.equal((await type('too late', AbortSignal.abort())).kind, 'released')
    assert.deepEqual(program.input, [])
  })

  it('presses no Enter once told to let go', async () => {
    const { program, type } = atWork({ obeysKillLine: true })
    const stop = new AbortController()
    program.after(30, () => stop.abort())
    assert.equal((await type('half way', stop.signal)).kind, 'released')
    assert.deepEqual(program.input, ['half way', '\x15'])
  })

  it('says that a program has ended', async () => {
    const { program, type } = atWork()
    program.end = { kind: 'ended', exitCode: 3 }
    assert.deepEqual(await type('hello'), { kind: 'ended', exitCode: 3 })
  })

  it('refuses what no screen shows and what line mode cuts', async () => {
    const { program, type } = atWork(cat)
    for (const text of ['\u200b', 'x'.repeat(5000)]) {
      const outcome = await type(text)
      assert.ok(outcome.kind === 'failed' && !outcome.retry)
    }
    assert.deepEqual(program.input, [])
  })

  it('never says taken unless the program took exactly that text, whatever the program does', async () => {
    const wanted = fc.record({
      cooked: fc.boolean(),
      shows: fc.constantFrom('text', 'marker', 'nothing'),
      lagMs: fc.integer({ min: 0, max: 4000 }),
      obeysKillLine: fc.boolean(),
      acts: fc.array(fc.constantFrom('send', 'ignore', 'newline'), { maxLength: 6 }),
    })
    await fc.assert(
      fc.asyncProperty(
        wanted,
        fc.array(fc.integer({ min: 0, max: 9000 }), { maxLength: 5 }),
        async (facts, pauses) => {
          const { acts, ...rest } = facts
          const { program, type } = atWork({
            ...rest,
            shows: rest.shows as 'text',
            bracketedPaste: !facts.cooked,
            onEnter: (enters) => (facts.cooked ? 'send' : (acts[enters - 1] ?? 'send')),
          })
          let outcome = await type('fix the build now')
          for (const ms of pauses) {
            if (outcome.kind === 'taken') break
            program.surface.pause(ms)
            outcome = await type('fix the build now')
          }
          program.surface.pause(20_000)
          const sent = program.taken.filter((text) => text.trim() !== '')
          assert.ok(sent.length <= 1, JSON.stringify(program.taken))
          if (outcome.kind === 'taken') assert.equal(sent[0]?.trim(), 'fix the build now')
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('rest', () => {
  it('waits until the screen is quiet and no dialog is open', async () => {
    const { program, typist } = atWork()
    const started = program.now()
    program.draw('working')
    program.after(1000, () => program.draw('still working'))
    program.after(2000, () => {
      program.dialog = ['Proceed?', '❯ 1. Yes', '  2. No']
    })
    program.after(9000, () => {
      program.dialog = undefined
    })
    assert.deepEqual(await typist.rest(never), { kind: 'completed', heuristic: true })
    assert.ok(program.now() - started >= 9000)
  })

  it('says when the program ended or did not come to rest', async () => {
    const { program, typist } = atWork()
    program.draw('working')
    const late = await typist.rest(AbortSignal.abort())
    assert.ok(late.kind === 'turn_failed' && late.why === 'timeout')
    program.end = { kind: 'ended', exitCode: 1 }
    const over = await typist.rest(never)
    assert.ok(over.kind === 'turn_failed' && over.why === 'exited')
  })
})
