import type { Command } from '../command.ts'

export const version: Command = {
  name: 'version',
  summary: 'Print the version.',
  examples: ['postern version', 'postern version --json'],
  run: async ({ io, out, json }) => {
    const { version, runtime, target } = io.program
    if (json) out.json({ version, runtime, target })
    else out.line(`postern ${version}`)
  },
}
