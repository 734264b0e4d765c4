import { isOpen, isVerdict, whatHappened } from '../../domain/decision.ts'
import { Failure } from '../../domain/error.ts'
import { decideUrl } from '../../manage/decide-link.ts'
import { type DecisionView, decisionView } from '../../manage/decision-view.ts'
import { decide, findDecision } from '../../manage/decisions.ts'
import { age, shortTime } from '../arguments.ts'
import { type Call, type Command, printList, withHome } from '../command.ts'
import type { Column } from '../output.ts'

const most = 100

export const decideCommands: readonly Command[] = [
  {
    name: 'decide',
    summary: 'Allow or deny what an agent asks, or look at it.',
    details:
      'For sessions with --decisions, or `decisions` in the configuration. Without a verdict it shows exactly what is asked, and the link at which somebody else may decide.',
    args: [
      {
        name: 'decision-id',
        summary: 'its id or a unique beginning of it, 4 characters or more',
        complete: 'openDecisions',
        required: true,
      },
      { name: 'verdict', summary: 'allow or deny' },
    ],
    examples: [
      'postern decide 9f3c',
      'postern decide 9f3c allow',
      'postern decide dec_9f3c1a2b7d4e5f60 deny',
    ],
    run: runDecide,
  },
  {
    name: 'decide ls',
    summary: 'List what agents ask.',
    flags: [{ name: 'all', summary: 'also what was decided' }],
    examples: ['postern decide ls', 'postern decide ls --all --json'],
    run: runList,
  },
]

function runDecide(call: Call): Promise<void> {
  return withHome(call, async ({ store, clock, nextLook, tokens, baseUrl }) => {
    const { args, out, json } = call
    const decision = await findDecision(store, args.need('decision-id'))
    const verdict = args.text('verdict')
    if (verdict !== undefined) {
      if (!isVerdict(verdict)) throw new Failure('usage', 'Choose allow or deny.')
      const decided = await decide({ store, clock, nextLook }, { id: decision.id, verdict, door: 'cli' })
      return json ? out.json(decisionView(decided)) : out.note(whatHappened(decided))
    }
    const url = isOpen(decision) ? await decideUrl(tokens, baseUrl, decision) : null
    if (json) return out.json({ ...decisionView(decision), url })
    out.fields([
      ['Decision', decision.id],
      ['Session', decision.session],
      ['Asks', `${decision.request.kind}: ${decision.request.title}`],
      ['State', whatHappened(decision)],
      ...(url === null
        ? []
        : [['Decide', url] as const, ['Expires', decisionView(decision).expiresAt] as const]),
    ])
    out.line(`\n${decision.request.detail}`)
  })
}

function runList(call: Call): Promise<void> {
  return withHome(call, async ({ store }) => {
    const list = await store.listDecisions({ limit: most, ...(!call.flags.on('all') && { open: true }) })
    printList(call, columns, list.map(decisionView), 'No agent asks anything.')
  })
}

function untilCell({ state, expiresAt }: DecisionView, now: number): string {
  return state === 'open' ? age(expiresAt, now) : '-'
}

const columns: readonly Column<DecisionView>[] = [
  { title: 'ID', unique: 10, cell: ({ id }) => id },
  { title: 'SESSION', flexible: 10, cell: ({ session }) => session },
  { title: 'STATE', cell: ({ state }) => ({ text: state, tone: state === 'open' ? 'bad' : 'faint' }) },
  {
    title: 'ASKED',
    right: true,
    goes: 1,
    cell: ({ openedAt }) => shortTime(openedAt),
    short: ({ openedAt }, now) => age(openedAt, now),
  },
  { title: 'UNTIL', right: true, cell: ({ expiresAt }) => shortTime(expiresAt), short: untilCell },
  { title: 'ASKS', flexible: 16, cell: ({ kind, title }) => `${kind}: ${title}` },
]
