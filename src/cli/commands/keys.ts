import { Buffer } from 'node:buffer'
import { iso } from '../../manage/views.ts'
import { absolute, duration, plural } from '../arguments.ts'
import type { Call, Command } from '../command.ts'
import { withHome } from '../keeping.ts'

export const keyCommands: readonly Command[] = [
  {
    name: 'keys rotate',
    summary: 'Sign new URLs with a fresh key; URLs of the older keys stop working after the grace.',
    flags: [{ name: 'grace', value: 'TIME', summary: 'such as 90s, 10m, 1h or 2d; 1h unless given' }],
    examples: ['postern keys rotate', 'postern keys rotate --grace 0'],
    run: runRotate,
  },
  {
    name: 'secret',
    summary: 'Print a fresh random secret, for the configuration or a provider.',
    examples: ['postern secret', 'WEBHOOK_SECRET=$(postern secret)'],
    run: runSecret,
  },
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

async function runRotate(call: Call): Promise<number> {
  const graceMs = duration(call.flags.text('grace') ?? '1h', '--grace')
  const { kid, retireAt } = await (await call.io.keys(call.home)).rotate(graceMs)
  if (call.json) call.out.json({ kid, olderRetireAt: iso(retireAt) })
  else
    call.out.say(`New URLs are signed with key ${kid}. Those of older keys stop working at ${iso(retireAt)}.`)
  return 0
}

const secretBytes = 32

async function runSecret(call: Call): Promise<number> {
  const secret = Buffer.from(call.io.random(secretBytes)).toString('base64url')
  if (call.json) call.out.json({ secret })
  else call.out.line(secret)
  return 0
}

function runBackup(call: Call): Promise<number> {
  return withHome(call, async ({ store }) => {
    const file = absolute(call.args.need('file'), call.io)
    await call.out.during('Copying the database', () => store.backup(file))
    if (call.json) call.out.json({ file })
    else call.out.say(`Wrote ${file}. The signing keys are not in it; they lie in ${call.home}/keys.`)
    return 0
  })
}

async function runRestore(call: Call): Promise<number> {
  const file = absolute(call.args.need('file'), call.io)
  const keepGrants = call.flags.on('keep-grants')
  const { held, revoked, aside } = await call.out.during('Checking the backup', () =>
    call.io.restore(call.home, file, { keepGrants }),
  )
  if (call.json) {
    call.out.json({ file, held, revoked, aside: aside ?? null })
    return 0
  }
  call.out.say(`Restored ${file}.`)
  if (aside !== undefined) call.out.say(`The database that was here lies in ${aside} now.`)
  if (revoked > 0)
    call.out.say(
      `This home cannot know which URLs were revoked since, so ${plural(revoked, 'open grant')} of the backup ${revoked === 1 ? 'is' : 'are'} revoked. If none was, restore again with --keep-grants.`,
    )
  if (held > 0)
    call.out.say(
      `${plural(held, 'message')} unfinished in the backup ${held === 1 ? 'is' : 'are'} FAILED (restored) now: postern deliveries ls --state failed`,
    )
  return 0
}
