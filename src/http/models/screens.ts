import { type Static, Type } from '@sinclair/typebox'
import * as t from './shape.ts'

const colour = (description: string) =>
  Type.Optional(
    Type.Union([Type.Integer({ minimum: 0, maximum: 255 }), t.text()], {
      description: `${description}: one of the 256 of xterm, or #rrggbb; absent where it is the terminal's own.`,
    }),
  )

const set = Type.Optional(Type.Literal(true))

const ScreenRun = t.named('ScreenRun', 'Neighbouring cells that look the same.', {
  text: t.text({ description: 'As many signs as cells, or one sign of so many cells.' }),
  width: t.whole('In cells.'),
  fg: colour('Colour of the text'),
  bg: colour('Colour behind it'),
  ...{ bold: set, dim: set, italic: set, underline: set, strike: set },
  inverse: Type.Optional(Type.Literal(true, { description: 'Both colours change places.' })),
})

export type Screen = Static<typeof Screen>
export const Screen = t.named('Screen', 'What the terminal of a session shows.', {
  session: t.sessionId,
  columns: t.whole('In cells.'),
  rows: t.whole(),
  cursor: t.orNull(Type.Object({ column: t.whole('From 0 on.'), row: t.whole() }), {
    description: 'Null while its program hides it.',
  }),
  changedAt: t.time,
  typing: Type.Boolean({ description: 'A message of ours is being typed.' }),
  text: t.text({ description: 'All of it as lines of text, without what is empty at their ends.' }),
  lines: t.listOf(t.listOf(ScreenRun), { description: 'Every row; empty cells at its end are left out.' }),
})
