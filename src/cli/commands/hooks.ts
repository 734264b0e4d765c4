import type { Pause } from '../../domain/pause.ts'
import { type HookView, hookView } from '../../manage/views.ts'
import { type Call, type Command, printList } from '../command.ts'
import type { Cell, Column } from '../output.ts'
import { withStored } from '../stored.ts'
import { hookName, trialFlags, trialOf } from './hook-trial.ts'
import { hooksSend } from './hooks-send.ts'

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
    args: [hookName],
    flags: trialFlags,
    examples: [
      'postern hooks test github --payload push.json --header X-GitHub-Event:push',
      'postern hooks test --delivery whd_0VxK3mQ2aBcDeFgHiJkLmNoP',
      'curl -s https://api.github.com/events | jq .[0] | postern hooks test github --payload -',
    ],
    run: runTest,
  },
  hooksSend,
]

async function runList(call: Call): Promise<void> {
  const hooks = await (await call.io.hooks(call.home)).list()
  const pauses = await pausesNow(call)
  printList(
    call,
    columns,
    hooks.map((hook) => hookView(hook, pauses)),
    'No hooks are configured.',
  )
}

const columns: readonly Column<HookView>[] = [
  { title: 'NAME', flexible: 12, cell: ({ name }) => name },
  { title: 'PATH', flexible: 16, goes: 3, cell: ({ path }) => path },
  { title: 'ACTIVE', cell: activeCell },
  { title: 'ACTION', goes: 1, cell: ({ action }) => action },
  { title: 'SESSION', flexible: 10, cell: ({ session }) => session ?? '-' },
  { title: 'VERIFY', goes: 4, cell: ({ verify }) => verify },
  {
    title: 'TEMPLATE',
    flexible: 16,
    goes: 2,
    cell: ({ template, preset }) => template ?? `preset ${preset ?? '-'}`,
  },
]

function activeCell({ active, pausedAt }: HookView): Cell {
  if (!active) return 'no'
  return pausedAt === null ? 'yes' : { text: 'paused', tone: 'warn' }
}

/** None where there is no home yet: listing hooks makes none. */
const pausesNow = (call: Call): Promise<readonly Pause[]> =>
  withStored(
    call,
    [],
    ({ store }) => store.listPauses(),
    (why) => call.out.note(`No hook is paused: ${why}.`),
  )

async function runTest(call: Call): Promise<number> {
  const { name, payload, headers } = await trialOf(call)
  const tools = await call.io.hooks(call.home)
  const rehearsal = await tools.test(name, payload, headers)
  if (call.json) call.out.json(rehearsal)
  else if (rehearsal.kind === 'message') call.out.line(rehearsal.message)
  else call.out.note(`${rehearsal.kind === 'ignored' ? 'Ignored' : 'FAILED'}: ${rehearsal.why}`)
  if (!call.json && rehearsal.kind !== 'ignored' && rehearsal.warning !== undefined)
    call.out.note(`Warning: ${rehearsal.warning}`)
  return rehearsal.kind === 'failed' ? 1 : 0
}
