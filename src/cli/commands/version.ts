import type { Call, Command } from '../command.ts'

export const versionCommands: readonly Command[] = [
  {
    name: 'version',
    summary: 'Print the version.',
    examples: ['postern version', 'postern version --json'],
    run: runVersion,
  },
]

export async function runVersion({ io, out, json }: Pick<Call, 'io' | 'out' | 'json'>): Promise<number> {
  const { version, runtime, target } = io.program
  if (json) out.json({ version, runtime, target })
  else out.line(`postern ${version}`)
  return 0
}
