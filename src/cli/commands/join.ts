import { absolute } from '../arguments.ts'
import type { Call, Command } from '../command.ts'

export const joinCommands: readonly Command[] = [
  {
    name: 'join',
    summary:
      'Run the agents of this machine for a door elsewhere, over one outgoing connection, until stopped.',
    details:
      'At the door, postern hosts add prints the token of this host. A home that has joined remembers its door: then give nothing. Sessions that are started here lie at the door; every command about them works on this machine, too.',
    args: [{ name: 'url', summary: 'the door, such as https://door.example.com' }],
    flags: [
      {
        name: 'token-file',
        value: 'FILE',
        complete: 'files',
        summary: "the file with this host's token; - reads it",
      },
      {
        name: 'ca',
        value: 'FILE',
        complete: 'files',
        summary: "PEM certificates that the door's is trusted by, where the system's are not enough",
      },
    ],
    examples: ['postern join https://door.example.com --token-file token', 'postern join'],
    run: runJoin,
  },
  {
    name: 'leave',
    summary: 'Forget the door that this home has joined.',
    details: 'The door keeps what it has: end sessions before, and afterwards revoke the host there.',
    examples: ['postern leave'],
    run: runLeave,
  },
]

function runJoin({ io, home, args, flags }: Call): Promise<number> {
  const [url, tokenFile, ca] = [args.text('url'), flags.text('token-file'), flags.text('ca')]
  return io.join(home, {
    ...(url !== undefined && { url }),
    ...(tokenFile !== undefined && { tokenFile: tokenFile === '-' ? '-' : absolute(tokenFile, io) }),
    ...(ca !== undefined && { ca: absolute(ca, io) }),
  })
}

async function runLeave({ io, home, json, out }: Call): Promise<void> {
  const left = await io.leave(home)
  if (json) out.json(left)
  else out.note(`This home belongs to no door any more. It was ${left.url}.`)
}
