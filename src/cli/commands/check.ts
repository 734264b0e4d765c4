import { Failure } from '../../domain/error.ts'
import { type Call, type Command, withHome } from '../command.ts'
import { waitingHooks } from './waiting-hooks.ts'

export const check: Command = {
  name: 'check',
  summary: 'Check the configuration and the home, before a server has to.',
  examples: ['postern check && systemctl restart postern'],
  run: async (call) => {
    const [trouble] = await call.io.troubles(call.home)
    if (trouble) throw new Failure('home_unusable', `${trouble.detail} ${trouble.fix ?? ''}`.trim())
    const config = await call.io.config(call.home)
    const loaded = await config.load()
    const warnings = [...loaded.warnings, ...(await hookWarnings(call))]
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

/** Only of a home that is in use, and without a word about what else may be wrong with it: `doctor` tells that. */
async function hookWarnings(call: Call): Promise<readonly string[]> {
  const { io, home } = call
  const targets = await (await io.hooks(home)).targets()
  if (targets.length === 0) return []
  const look = async () =>
    (await io.hasStore(home)) ? withHome(call, (opened) => waitingHooks(opened, targets)) : []
  const findings = await look().catch(() => [])
  return findings.map(({ detail, fix }) => `${detail}. ${fix}`)
}
