import { plural } from '../../domain/plural.ts'
import type { StoreCopy } from '../../domain/store-copy.ts'
import type { Call, Command } from '../command.ts'
import type { Column } from '../output.ts'

export const storeCommands: readonly Command[] = [
  {
    name: 'store copy',
    summary: 'Copy everything that is stored in the home into a database of PostgreSQL.',
    details:
      'The server must be stopped, and the database, or the schema that search_path names, empty. Everything is read back and\n' +
      'compared, table by table; where anything differs nothing is kept there. The file in the home stays as it is.',
    flags: [
      {
        name: 'to',
        value: 'URL',
        summary: 'postgres://user@host/database; give the password by passfile or PGPASSWORD',
        required: true,
      },
    ],
    examples: ['postern store copy --to postgres://postern@db.example.com/postern?sslmode=verify-full'],
    run: copy,
  },
]

type CopiedTable = StoreCopy['tables'][number]

const shownHash = 16

const columns: readonly Column<CopiedTable>[] = [
  { title: 'TABLE', cell: ({ name }) => name },
  { title: 'ROWS', right: true, cell: ({ from }) => String(from.rows) },
  { title: 'SHA-256', goes: 1, cell: ({ from }) => from.sha256.slice(0, shownHash) },
  {
    title: 'READ BACK',
    cell: ({ same, from, to }) =>
      same
        ? { text: 'the same', tone: 'good' }
        : {
            text: from.rows === to.rows ? 'other values' : plural(to.rows, 'row'),
            tone: 'bad',
          },
  },
]

async function copy(call: Call): Promise<number> {
  const { io, out, json } = call
  const copied = await out.during('Copying the store', () => io.copyStore(call.home, call.flags.need('to')))
  const different = copied.tables.filter(({ same }) => !same).map(({ name }) => name)
  if (json) out.json({ to: copied.to, kept: different.length === 0, tables: copied.tables })
  else out.table(columns, copied.tables)
  if (different.length > 0) {
    out.note(`Nothing was kept in ${copied.to}: read back, ${different.join(', ')} differed.`)
    return 1
  }
  out.note(`Everything is in ${copied.to} now. ${copied.file} stays as it is.`)
  out.note(
    `Name it as "store" in ${copied.configFile}, or in POSTERN_STORE, then start the server. Never serve both: what one takes the other does not have.`,
  )
  return 0
}
