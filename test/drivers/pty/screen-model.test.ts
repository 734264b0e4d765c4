import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createScreenModel } from '../../../src/drivers/pty/screen-model.ts'

const fed = (...texts: readonly string[]) => {
  const answers: string[] = []
  const model = createScreenModel(20, 5, (reply) => answers.push(reply))
  for (const text of texts) model.feed(Buffer.from(text))
  return { model, answers }
}

describe('text', () => {
  it('joins wrapped lines and keeps what scrolled away', async () => {
    const { model } = fed(
      'one\r\ntwo\r\n',
      'a line that is longer than the screen\r\n',
      '1\r\n2\r\n3\r\n4\r\n',
    )
    const { lines } = await model.text()
    assert.deepEqual(lines.slice(0, 3), ['one', 'two', 'a line that is longer than the screen'])
  })

  it('tells the paste mode and a cursor that only moves with the text', async () => {
    const { model } = fed('\x1b[?2004hab')
    assert.equal((await model.text()).bracketedPaste, true)
    const { cursor } = await model.text()
    assert.equal((await model.text()).cursor, cursor)
    model.feed(Buffer.from('c'))
    assert.notEqual((await model.text()).cursor, cursor)
  })

  it('still counts one line more when old lines are dropped', async () => {
    const { model } = fed('again\r\n'.repeat(3000))
    const before = (await model.text()).lines.filter((line) => line === 'again').length
    model.feed(Buffer.from('again\r\n'))
    assert.equal((await model.text()).lines.filter((line) => line === 'again').length, before + 1)
  })

  it('answers queries', async () => {
    const { model, answers } = fed('\x1b[c\x1b[6n')
    await model.text()
    assert.deepEqual(answers, ['\x1b[?1;2c', '\x1b[1;1R'])
  })
})

describe('repaint', () => {
  it('makes another terminal show the same', async () => {
    const screens = [
      'plain \x1b[1;31mred\x1b[0m \x1b[38;2;1;2;3mrgb\x1b[0m \x1b[7mx\x1b[0m',
      '漢字 👩‍👩‍👧 é\r\n\x1b[4;3Hhere',
      `${'scrolled\r\n'.repeat(12)}end`,
      '\x1b[?1049h\x1b[?2004h\x1b[?1003h\x1b[3;3Hfull screen',
      'a line that is much longer than the screen is wide',
    ]
    for (const screen of screens) {
      const { model } = fed(screen)
      const painted = await model.repaint()
      const other = fed(painted).model
      assert.equal(await other.repaint(), painted)
      const text = ({ lines }: { lines: readonly string[] }) => lines.join('').replace(/\s+/g, '')
      assert.equal(text(await other.text()), text(await model.text()))
    }
  })
})
