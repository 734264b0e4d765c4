import { Failure } from '../../domain/error.ts'
import { adminTokenVariable, keysVariable } from '../../domain/key-variables.ts'
import { plural } from '../../domain/plural.ts'
import { iso } from '../../manage/views.ts'
import { duration } from '../arguments.ts'
import type { Call, Command } from '../command.ts'

const grace = {
  name: 'grace',
  value: 'TIME',
  summary: 'such as 90s, 10m, 1h or 2d; 1h unless given',
}

export const keysCommands: readonly Command[] = [
  {
    name: 'keys rotate',
    summary: 'Sign new URLs with a fresh key; URLs of the older keys stop working after the grace.',
    flags: [grace],
    examples: ['postern keys rotate', 'postern keys rotate --grace 0'],
    run: rotate,
  },
  {
    name: 'keys export',
    summary: 'Print the signing keys and the admin token as variables, for a door without files of its own.',
    details:
      `A door with ${keysVariable} and ${adminTokenVariable} in its environment goes by them, and makes no keys. The two lines are as\n` +
      'docker run --env-file and EnvironmentFile= of systemd take them. Who has them can sign URLs and is the admin.',
    flags: [
      {
        name: 'rotate',
        summary: 'with a fresh key, where they come from the environment; nothing is changed here',
      },
      { ...grace, summary: `with --rotate: ${grace.summary}` },
      { name: 'show', summary: 'also on a terminal' },
    ],
    examples: [
      '(umask 077; postern keys export > keys.env)',
      '(umask 077; postern keys export --rotate --grace 2d > keys.env)',
    ],
    run: exportKeys,
  },
  {
    name: 'keys new',
    summary: 'Make a signing key in place of one that is lost, whose URLs never work again.',
    details:
      'Only where a key is gone, damaged or exchanged. Such a file is renamed, not deleted. Where no key is left, every open\n' +
      'grant is revoked. Mint new URLs with postern expose.',
    examples: ['postern keys new'],
    run: replaceLost,
  },
  {
    name: 'keys adopt',
    summary: 'Say that the keys and the database in this home belong together.',
    details:
      'Where both are yours and one was put there by hand: Postern refuses a pair that it does not know.\n' +
      'Where none of the keys is one that the database knows, every open grant is revoked: its URL can never work here.',
    examples: ['postern keys adopt'],
    run: adopt,
  },
]

async function rotate(call: Call): Promise<void> {
  const graceMs = graceOf(call)
  const { kid, retireAt, elsewhere } = await (await call.io.keys(call.home)).rotate(graceMs)
  if (call.json) return call.out.json({ kid, olderRetireAt: iso(retireAt) })
  call.out.note(`New URLs are signed with key ${kid}. Those of older keys stop working at ${iso(retireAt)}.`)
  for (const { door, place } of elsewhere)
    call.out.note(
      `The door "${door}" needs all *.key and *.retired of this home in ${place}/keys now: until then it refuses new URLs.`,
    )
}

const graceOf = ({ flags }: Call): number => duration(flags.text('grace') ?? '1h', '--grace')

async function exportKeys(call: Call): Promise<void> {
  const { flags, io, out } = call
  const isRotated = flags.on('rotate')
  if (flags.text('grace') !== undefined && !isRotated)
    throw new Failure('usage', '--grace goes with --rotate.')
  if (io.terminal.stdout && !flags.on('show'))
    throw new Failure(
      'usage',
      'Who reads this can sign URLs and is the admin. Into a file: (umask 077; postern keys export > keys.env). On this terminal all the same: --show',
    )
  const tools = await io.keys(call.home)
  const { signingKeys, adminToken } = await tools.export(isRotated ? { graceMs: graceOf(call) } : undefined)
  if (call.json) return out.json({ [keysVariable]: signingKeys, [adminTokenVariable]: adminToken })
  out.line(`${keysVariable}=${signingKeys}`)
  out.line(`${adminTokenVariable}=${adminToken}`)
  out.note('Who has these can sign URLs and is the admin: keep them as a key.')
  if (isRotated)
    out.note(
      'Give them to every door, and restart all at once: until then a door refuses what another signs anew.',
    )
}

async function replaceLost(call: Call): Promise<void> {
  const made = await (await call.io.keys(call.home)).replaceLost()
  if (call.json) return call.out.json(made)
  call.out.note(`New URLs are signed with key ${made.kid}.`)
  for (const file of made.aside) call.out.note(`What was no key of this home lies in ${file} now.`)
  call.out.note(
    made.kept > 0
      ? `${plural(made.kept, 'key')} still good: URLs signed with the lost one answer 403, and postern ls cannot tell which.`
      : `${plural(made.revoked, 'open grant')} revoked, whose URLs needed the lost key.`,
  )
}

async function adopt(call: Call): Promise<void> {
  const { kids, revoked } = await (await call.io.keys(call.home)).adopt()
  if (call.json) return call.out.json({ kids, revoked })
  call.out.note(`This home's database and ${plural(kids.length, 'signing key')} belong together from now on.`)
  if (revoked > 0)
    call.out.note(`${plural(revoked, 'open grant')} revoked, whose URLs were signed with other keys.`)
}
