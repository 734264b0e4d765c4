import { iso } from '../../manage/views.ts'
import { duration } from '../arguments.ts'
import type { Command } from '../command.ts'

export const keysRotate: Command = {
  name: 'keys rotate',
  summary: 'Sign new URLs with a fresh key; URLs of the older keys stop working after the grace.',
  flags: [{ name: 'grace', value: 'TIME', summary: 'such as 90s, 10m, 1h or 2d; 1h unless given' }],
  examples: ['postern keys rotate', 'postern keys rotate --grace 0'],
  run: async (call) => {
    const graceMs = duration(call.flags.text('grace') ?? '1h', '--grace')
    const { kid, retireAt } = await (await call.io.keys(call.home)).rotate(graceMs)
    if (call.json) call.out.json({ kid, olderRetireAt: iso(retireAt) })
    else
      call.out.note(
        `New URLs are signed with key ${kid}. Those of older keys stop working at ${iso(retireAt)}.`,
      )
  },
}
