import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { textOfScreen } from '../../../src/domain/screen-snapshot.ts'
import { connectHolder } from '../../../src/drivers/pty/client.ts'
import { lookAtScreen, shows } from '../../support/screens.ts'
import { fakeTui, type Held, holdProgram, noTerminals, untilFree } from '../../support/terminal.ts'

const skip = noTerminals ?? false

async function hold(t: TestContext, command: readonly string[]): Promise<Held> {
  const held = await holdProgram(command)
  t.after(held.stop)
  return held
}

/** Says each line that it reads in red; `stty` keeps the terminal from saying it, too. */
const echo = [
  'sh',
  '-c',
  'stty -echo; printf "ready\\n"; while read -r l; do printf "\\033[31m$l\\033[0m\\n"; done',
]

test('a screen is shown as it is, and then line by line as it changes', { skip }, async (t) => {
  const held = await hold(t, echo)
  const onlooker = lookAtScreen(held.connection)
  const first = await onlooker.sees(shows('ready'), 'the first line')
  assert.deepEqual([first.columns, first.rows, first.lines.length], [80, 24, 24])
  const line = await connectHolder(held.settings.socket, held.session.generation)
  line?.send({ op: 'keys', data: Buffer.from('hello\n').toString('base64') })
  const next = await onlooker.sees(shows('hello'), 'what was typed')
  assert.deepEqual(next.lines[1], [{ text: 'hello', width: 5, fg: 1 }])
  assert.equal(next.lines[0], first.lines[0])
  assert.deepEqual(next.cursor, { column: 0, row: 2 })
  assert.ok(next.changedAt >= first.changedAt && Math.abs(Date.now() - next.changedAt) < 60_000)
  line?.send({ op: 'resize', size: { columns: 40, rows: 10 } })
  await onlooker.sees(({ columns, rows }) => columns === 40 && rows === 10, 'another size')
  line?.close()
  assert.equal(await onlooker.leave(), 'nobody looks')
})

test('many look at one screen, each from when they come to when they go', { skip }, async (t) => {
  const held = await hold(t, echo)
  const [first, second] = [lookAtScreen(held.connection), lookAtScreen(held.connect())]
  await first.sees(shows('ready'), 'the first line')
  await second.sees(shows('ready'), 'the same line')
  await first.leave()
  const seen = first.screens.length
  const line = await connectHolder(held.settings.socket, held.session.generation)
  line?.send({ op: 'keys', data: Buffer.from('again\n').toString('base64') })
  await second.sees(shows('again'), 'what was typed')
  assert.equal(first.screens.length, seen)
  line?.close()
  await second.leave()
})

test('what Postern types is marked while it is being typed', { skip }, async (t) => {
  const held = await hold(t, fakeTui)
  const onlooker = lookAtScreen(held.connection)
  const outcome = await untilFree(held, 'a message of ours')
  assert.equal(outcome.kind, 'taken')
  await onlooker.sees(
    (screen) => shows('a message of ours')(screen) && screen.typing === undefined,
    'its end',
  )
  assert.ok(onlooker.screens.some((screen) => screen.typing && shows('a message of ours')(screen)))
  await onlooker.leave()
})

test('a screen is over when its program ends', { skip }, async (t) => {
  const held = await hold(t, ['sh', '-c', 'echo ready; read -r l'])
  const onlooker = lookAtScreen(held.connection)
  await onlooker.sees(shows('ready'), 'the first line')
  await held.connection.end()
  assert.match(await onlooker.over, /ended|gone/)
})

test('hostile output is text in cells, whatever it asks of a terminal', { skip }, async (t) => {
  const hostile = [
    '\\033]0;<script>alert(1)</script>\\007',
    '\\033]8;;javascript:alert(1)\\033\\\\link\\033]8;;\\033\\\\',
  ]
  const script = `printf '${hostile.join('')}\\342\\200\\256bidi \\363\\240\\201\\201tags\\n'; read -r l`
  const held = await hold(t, ['sh', '-c', script])
  const onlooker = lookAtScreen(held.connection)
  const screen = await onlooker.sees(shows('tags'), 'the text')
  assert.equal(textOfScreen(screen), 'linkbidi tags')
  await onlooker.leave()
})
