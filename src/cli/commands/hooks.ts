import { Failure } from '../../domain/error.ts'
import type { Hook } from '../../domain/hook.ts'
import { hookView } from '../../manage/views.ts'
import type { Call, Command } from '../command.ts'
import type { Row } from '../output.ts'

export const hookCommands: readonly Command[] = [
  {
    name: 'hooks ls',
    summary: 'List the configured hooks.',
    examples: ['postern hooks ls'],
    run: runList,
  },
  {
    name: 'hooks test',
    summary: 'Render a hook against a payload without delivering anything.',
    args: [{ name: 'name', summary: 'the hook', complete: 'hooks', required: true }],
    flags: [
      {
        name: 'payload',
        value: 'FILE',
        complete: 'files',
        summary: 'the payload; "-" reads standard input; {} unless given',
      },
      { name: 'header', value: 'NAME:VALUE', summary: 'a request header it looks at', many: true },
    ],
    examples: [
      'postern hooks test github --payload push.json --header X-GitHub-Event:push',
      'curl -s https://api.github.com/events | jq .[0] | postern hooks test github --payload -',
    ],
    run: runTest,
  },
]

async function runList(call: Call): Promise<void> {
  const hooks = await (await call.io.hooks(call.home)).list()
  if (call.json) call.out.json(hooks.map(hookView))
  else if (hooks.length === 0) call.out.note('No hooks are configured.')
  else call.out.table(columns, hooks.map(rowOf))
}

const columns = [
  { title: 'NAME' },
  { title: 'PATH', flexible: true },
  { title: 'ACTIVE' },
  { title: 'ACTION' },
  { title: 'SESSION' },
  { title: 'VERIFY' },
  { title: 'TEMPLATE', flexible: true },
]

const rowOf = (hook: Hook): Row => [
  hook.name,
  hook.path,
  hook.active ? 'yes' : 'no',
  hook.action,
  hook.session ?? '-',
  hook.verify.scheme,
  hook.template ?? `preset ${hook.preset ?? '-'}`,
]

async function runTest(call: Call): Promise<number> {
  const file = call.flags.text('payload')
  const payload = file === undefined ? new TextEncoder().encode('{}') : await call.io.read(file)
  const tools = await call.io.hooks(call.home)
  const rehearsal = await tools.test(call.args.need('name'), payload, headersOf(call))
  if (call.json) call.out.json(rehearsal)
  else if (rehearsal.kind === 'message') call.out.line(rehearsal.message)
  else call.out.note(`${rehearsal.kind === 'ignored' ? 'Ignored' : 'FAILED'}: ${rehearsal.why}`)
  return rehearsal.kind === 'failed' ? 1 : 0
}

const headersOf = ({ flags }: Call): Readonly<Record<string, string>> =>
  Object.fromEntries(
    flags.list('header').map((header) => {
      const colon = header.indexOf(':')
      if (colon < 1) throw new Failure('usage', `--header is NAME:VALUE, not "${header}".`)
      return [header.slice(0, colon).trim().toLowerCase(), header.slice(colon + 1).trim()]
    }),
  )
