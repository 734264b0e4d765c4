import type { Command } from '../command.ts'
import { manPage } from '../man.ts'

export const man: Command = {
  name: 'man',
  summary: 'Print the manual page, in the macros of man.',
  details: 'Dated today, or by $SOURCE_DATE_EPOCH.',
  examples: ['postern man | man -l -', 'postern man > ~/.local/share/man/man1/postern.1'],
  run: async ({ io, out, json, commands }) => {
    const seconds = Number(io.env.SOURCE_DATE_EPOCH || Number.NaN)
    const at = Number.isSafeInteger(seconds * 1000) ? seconds * 1000 : io.now()
    const page = manPage(commands, { version: io.program.version, at })
    if (json) out.json({ page })
    else out.line(page.trimEnd())
  },
}
