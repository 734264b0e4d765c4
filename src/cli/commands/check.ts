import { Failure } from '../../domain/error.ts'
import { homeAt } from '../../domain/home.ts'
import type { Call, Command } from '../command.ts'
import { withStored } from '../stored.ts'
import { waitingHooks } from './waiting-hooks.ts'

export const check: Command = {
  name: 'check',
  summary: 'Check the configuration and the home, before a server has to.',
  examples: ['postern check && systemctl restart postern'],
  run: async (call) => {
    const { troubles, toMake } = await call.io.look(call.home)
    const [trouble] = troubles
    if (trouble) throw new Failure('home_unusable', `${trouble.detail} ${trouble.fix ?? ''}`.trim())
    const config = await call.io.config(call.home)
    const loaded = await config.load()
    const ofStore = toMake ? [`${toMake.detail}; ${toMake.fix}`] : await hookWarnings(call)
    const warnings = [...loaded.warnings, ...ofStore]
    if (call.json) call.out.json({ ok: true, file: config.file, warnings })
    else {
      for (const warning of warnings) call.out.note(`warning: ${warning}`)
      call.out.note(
        (await call.io.modeOf(config.file)) === undefined
          ? `There is no ${config.file}: the defaults are good.`
          : `${config.file} is good.`,
      )
    }
  },
}

/**
 * Only of a home that is in use, and without a word about what else may be wrong with it: `doctor` tells that. The hooks of a machine
 * that has joined a door are those of the door.
 */
async function hookWarnings(call: Call): Promise<readonly string[]> {
  if ((await call.io.modeOf(homeAt(call.home).doorFile)) !== undefined) return []
  const targets = await (await call.io.hooks(call.home)).targets()
  if (targets.length === 0) return []
  const findings = await withStored(call, [], (opened) => waitingHooks(opened, targets)).catch(() => [])
  return findings.map(({ detail, fix }) => `${detail}. ${fix}`)
}
