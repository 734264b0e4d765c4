import { absolute, plural } from '../arguments.ts'
import { type Call, type Command, withHome } from '../command.ts'

export const backupCommands: readonly Command[] = [
  {
    name: 'backup',
    summary: 'Write a consistent copy of the database while everything goes on.',
    args: [{ name: 'file', summary: 'a new file', required: true }],
    examples: ['postern backup postern-$(date +%F).db'],
    run: runBackup,
  },
  {
    name: 'restore',
    summary: 'Put a backup in place of the database, which is kept aside.',
    details:
      'The server must be stopped. What was revoked since the backup stays revoked. Messages that were unfinished\n' +
      'in it may have arrived since: they are FAILED, and postern deliveries retry sends those that have not.',
    args: [{ name: 'file', summary: 'what postern backup wrote', required: true }],
    flags: [
      {
        name: 'keep-grants',
        summary: 'in a home that cannot know it: no URL was revoked since the backup',
      },
    ],
    examples: ['postern restore postern-2026-11-22.db'],
    run: runRestore,
  },
]

function runBackup(call: Call): Promise<void> {
  return withHome(call, async ({ store }) => {
    const file = absolute(call.args.need('file'), call.io)
    await call.out.during('Copying the database', () => store.backup(file))
    if (call.json) call.out.json({ file })
    else call.out.note(`Wrote ${file}. The signing keys are not in it; they lie in ${call.home}/keys.`)
  })
}

async function runRestore(call: Call): Promise<void> {
  const file = absolute(call.args.need('file'), call.io)
  const keepGrants = call.flags.on('keep-grants')
  const { held, revoked, aside } = await call.out.during('Checking the backup', () =>
    call.io.restore(call.home, file, { keepGrants }),
  )
  if (call.json) {
    call.out.json({ file, held, revoked, aside: aside ?? null })
  }
  call.out.note(`Restored ${file}.`)
  if (aside !== undefined) call.out.note(`The database that was here lies in ${aside} now.`)
  if (revoked > 0)
    call.out.note(
      `This home cannot know which URLs were revoked since, so ${plural(revoked, 'open grant')} of the backup ${revoked === 1 ? 'is' : 'are'} revoked. If none was, restore again with --keep-grants.`,
    )
  if (held > 0)
    call.out.note(
      `${plural(held, 'message')} unfinished in the backup ${held === 1 ? 'is' : 'are'} FAILED (restored) now: postern deliveries ls --state failed`,
    )
}
