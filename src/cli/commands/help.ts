import { Failure } from '../../domain/error.ts'
import { type Advice, adviceOn, troubleshootingPage } from '../../manage/troubleshooting.ts'
import type { Call, Command } from '../command.ts'
import { helpText, helpWidth } from '../help.ts'

const troubleshooting = 'troubleshooting'

export const help: Command = {
  name: 'help',
  summary: 'Show how a command is used, or what mends what you see.',
  details:
    'postern help troubleshooting prints the whole page; with a status, the code or type of an error, what a delivery waits\n' +
    'for or failed at, or words of a refusal: what that means and what mends it.',
  args: [{ name: 'command', summary: 'its name', complete: 'commands', many: true }],
  examples: [
    'postern help expose',
    'postern help session add',
    'postern help troubleshooting 429',
    "postern help troubleshooting 'signature does not match'",
  ],
  run: async (call) => {
    const [first, ...asked] = call.args.list('command')
    if (first === troubleshooting) showAdvice(call, asked.join(' '))
    else call.out.line(helpText(call.args.list('command'), call.commands, helpWidth(call.io)))
  },
}

/** Throws `not_found` for what the page does not have. */
function showAdvice({ out, json }: Call, asked: string): void {
  const found = asked === '' ? [] : adviceOn(asked)
  if (asked !== '' && found.length === 0)
    throw new Failure(
      'not_found',
      `The page has nothing on "${asked}". All of it: postern help troubleshooting`,
    )
  if (json) out.json(asked === '' ? { page: troubleshootingPage } : found)
  else out.line(asked === '' ? troubleshootingPage.trimEnd() : found.map(adviceText).join('\n\n'))
}

const adviceText = ({ seen, means, mends }: Advice): string =>
  [
    seen,
    ...(means ? [`  what it means: ${means}`] : []),
    `  what mends it: ${mends || 'nothing is wrong'}`,
  ].join('\n')
