import { Failure } from '../../domain/error.ts'
import type { Restored } from '../../domain/home-state.ts'
import { plural } from '../../domain/plural.ts'
import { absolute } from '../arguments.ts'
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
    args: [{ name: 'file', summary: 'what postern backup wrote' }],
    flags: [
      {
        name: 'accept-loss',
        summary:
          'without a backup, or after pg_restore: go on with what there is, though messages or all of it are lost',
      },
      {
        name: 'keep-grants',
        summary: 'in a home that cannot know it: no URL was revoked since the backup',
      },
    ],
    examples: ['postern restore postern-2026-11-22.db', 'postern restore --accept-loss'],
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

async function acceptLoss(call: Call): Promise<void> {
  const { io, home, json, out } = call
  const keepGrants = call.flags.on('keep-grants')
  const { detail, aside, restored } = await io.acceptLoss(home, { keepGrants })
  if (json) out.json({ detail, aside: aside ?? null, ...restored })
  else out.note(detail)
  if (restored) noteRestored(call, restored, 'put it back and accept it again')
  if (aside !== undefined) out.note(`What was left of it lies in ${aside} now.`)
  out.note('What was lost cannot be known. Postern goes on with what is there; the next start serves it.')
}

async function runRestore(call: Call): Promise<void> {
  const given = call.args.text('file')
  if (call.flags.on('accept-loss') !== (given === undefined))
    throw new Failure('usage', 'Name the backup, or give --accept-loss alone.')
  if (given === undefined) return acceptLoss(call)
  const file = absolute(given, call.io)
  const keepGrants = call.flags.on('keep-grants')
  const { held, revoked, aside } = await call.out.during('Checking the backup', () =>
    call.io.restore(call.home, file, { keepGrants }),
  )
  if (call.json) {
    call.out.json({ file, held, revoked, aside: aside ?? null })
  }
  call.out.note(`Restored ${file}.`)
  if (aside !== undefined) call.out.note(`The database that was here lies in ${aside} now.`)
  noteRestored(call, { held, revoked }, 'restore again')
}

function noteRestored(
  { out }: Call,
  { held, revoked }: Pick<Restored, 'held' | 'revoked'>,
  again: string,
): void {
  if (revoked > 0)
    out.note(
      `This home cannot know which URLs were revoked since, so ${plural(revoked, 'open grant')} of the backup ${revoked === 1 ? 'is' : 'are'} revoked. If none was, ${again} with --keep-grants.`,
    )
  if (held > 0)
    out.note(
      `${plural(held, 'message')} unfinished in the backup ${held === 1 ? 'is' : 'are'} FAILED (restored) now: postern deliveries ls --state failed`,
    )
}
