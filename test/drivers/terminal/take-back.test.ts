import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Surface } from '../../../src/drivers/terminal/surface.ts'
import { takeBack } from '../../../src/drivers/terminal/take-back.ts'
import { screenOf } from '../../support/program.ts'

interface Editor {
  readonly knowsKillLine?: boolean
  /** An agent that is known: arrows and Delete. */
  readonly edits?: boolean
  /** Keys of a person that the program has, and does not show before the next keys. */
  readonly unseen?: string
  /** Keys of a person that come before the first keys of ours. */
  readonly first?: string
}

/** An input box with a person and us at it. */
function editor(content: string, { knowsKillLine = true, edits = false, unseen = '', first = '' }: Editor) {
  let [box, hidden, early, now] = [content, unseen, first, 0]
  const obey = (keys: string) => {
    let at = box.length
    for (const [key] of keys.matchAll(/\x1b\[3~|\x1b\[D|./gsu)) {
      if (key === '\x7f') box = box.slice(0, Math.max(0, at - 1)) + box.slice(at)
      if (key === '\x15' && knowsKillLine) box = box.slice(at)
      if (key === '\x1b[3~') box = box.slice(0, at) + box.slice(at + 1)
      if (key >= ' ' && key !== '\x7f') box = box.slice(0, at) + key + box.slice(at)
      const to = {
        '\x7f': at - 1,
        '\x15': knowsKillLine ? 0 : at,
        '\x1b[D': at - 1,
        '\x05': box.length,
        '\x1b[3~': at,
      }
      at = Math.max(0, to[key as keyof typeof to] ?? at + 1)
    }
  }
  const surface: Surface = {
    look: async () => screenOf([`> ${box}`], { input: box, edits, still: box, cursor: `${box.length},0` }),
    put: async () => undefined,
    press: async (keys, onto) => {
      box += early
      early = ''
      if (onto.still !== box) return { kind: 'changed' }
      box += hidden
      hidden = ''
      obey(keys)
      return undefined
    },
    now: () => now,
    pause: async (ms) => {
      now += ms
    },
  }
  return { surface, box: () => box }
}

describe('takeBack', () => {
  const text = 'fix the build'
  const rows: readonly (readonly [string, string, Editor, string])[] = [
    ['alone, by ^U', text, {}, ''],
    ['alone, by Backspace', text, { knowsKillLine: false }, ''],
    ['before a draft', `${text}kim was`, {}, 'kim was'],
    ['behind a draft', `kim ${text}`, {}, 'kim '],
    ['amid a draft', `ki${text}m w`, {}, 'kim w'],
    ['in an agent, before a draft', `${text}kim was`, { edits: true }, 'kim was'],
    ['in an agent, before a key that is not drawn yet', `${text}ki`, { edits: true, unseen: 'm' }, 'kim'],
    ['from a person who goes on meanwhile', `${text}k`, { first: 'im' }, 'kim'],
    ['from a person who begins meanwhile', text, { first: 'k' }, 'k'],
  ]
  for (const [title, content, wanted, left] of rows)
    it(`takes ${title}`, async () => {
      const { surface, box } = editor(content, wanted)
      assert.equal(await takeBack(surface, { text, before: screenOf(['> ']) }), 'done')
      assert.equal(box(), left)
    })

  it('takes several lines and signs of several code points', async () => {
    const { surface, box } = editor('one\ntwo 🎉🎉 three', {})
    assert.equal(await takeBack(surface, { text: 'one\ntwo 🎉🎉 three', before: screenOf(['> ']) }), 'done')
    assert.equal(box(), '')
  })

  it("leaves a person's draft alone where nothing of ours stands", async () => {
    for (const draft of ['fix', 'the build', 'half a thought', 'f']) {
      const { surface, box } = editor(draft, {})
      assert.equal(await takeBack(surface, { text, before: screenOf(['> ']) }), 'vanished')
      assert.equal(box(), draft)
    }
  })
})
