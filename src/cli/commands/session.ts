import { Failure } from '../../domain/error.ts'
import { homeAt } from '../../domain/home.ts'
import { plural } from '../../domain/plural.ts'
import { type DriverSettings, parseSessionId, type Session } from '../../domain/session.ts'
import type { TakenFrom } from '../../domain/taken.ts'
import { endAllSessions, endSession, type Opened, registerSession } from '../../manage/sessions.ts'
import { trialText, trialView } from '../../manage/trial.ts'
import { sessionView } from '../../manage/views.ts'
import type { HookSettings } from '../agent-hooks.ts'
import { pair } from '../arguments.ts'
import { type Call, type Command, requestServer, withHome } from '../command.ts'
import { decisionWait, decisionWaitFlag, hooksView, printHooks } from './hook-relay.ts'
import { runList } from './session/list.ts'
import { runShow } from './session/show.ts'
import { printUnfit } from './session/trial.ts'

const id = { name: 'id', summary: 'the session', required: true }
const presets = ['claude', 'codex', 'gemini', 'opencode', 'pi', 'qwen']

export const decisionsFlag = {
  name: 'decisions',
  summary: 'let people decide on what its agent asks: by a link, postern decide, the API or the dashboard',
}

export const sessionCommands: readonly Command[] = [
  {
    name: 'session add',
    summary: 'Register an agent that already runs, or how to run it.',
    details: 'A setting that has no flag of its own is given by --set, as JSON or as plain text.',
    args: [id],
    flags: [
      {
        name: 'driver',
        value: 'KIND',
        complete: 'drivers',
        summary: 'inbox, tmux, command, http, acp, …',
        required: true,
      },
      { name: 'target', value: 'PANE', summary: 'tmux: the pane, for example %5' },
      { name: 'socket', value: 'PATH', summary: 'tmux and others: where its server listens' },
      { name: 'preset', value: 'AGENT', complete: presets, summary: `command: ${presets.join(', ')}` },
      { name: 'url', value: 'URL', summary: 'http and others: where the agent answers' },
      { name: 'cwd', value: 'DIR', summary: 'where its process runs; here unless given' },
      { name: 'set', value: 'NAME=VALUE', summary: 'any other setting of the driver', many: true },
      decisionsFlag,
      { name: 'check', summary: 'try it first; register nothing that does not work' },
      { name: 'print-hooks', summary: 'print the settings that make its agent report its turns' },
      decisionWaitFlag,
      { name: 'replace', summary: 'take the place of a live session of that id' },
    ],
    rest: { name: 'command', summary: 'the command that runs the agent' },
    examples: [
      'postern session add build --driver inbox',
      'postern session add build --driver tmux --target %5',
      'postern session add review --driver command --preset claude -- claude',
      'postern session add coder --driver acp --check -- opencode acp',
      'postern session add pair --driver codex',
      'postern session add editor --driver claude',
      'postern session add bot --driver http --url http://127.0.0.1:9000/messages',
    ],
    run: runAdd,
  },
  {
    name: 'session ls',
    summary: 'List every session, and what its agent does now.',
    examples: ['postern session ls', 'postern session ls --json'],
    run: runList,
  },
  {
    name: 'session show',
    summary: 'Show one session.',
    args: [{ ...id, complete: 'sessions' }],
    flags: [{ name: 'screen', summary: 'what the terminal of a pty or tmux session shows now' }],
    examples: ['postern session show build', 'postern session show build --screen'],
    run: runShow,
  },
  {
    name: 'session cancel',
    summary: 'Cancel the turn that runs, and deny what it asks; the agent goes on.',
    details: 'For agents that the server runs (acp, claude-stream, codex, pi). Needs a running server.',
    args: [{ ...id, complete: 'sessions' }],
    examples: ['postern session cancel coder'],
    run: runCancel,
  },
  {
    name: 'session end',
    summary: 'End a session, with its process where that is ours.',
    details:
      'What came through a URL and still waits for it fails; what hooks stored waits until the id is opened again. --all leaves the standing inboxes alone.',
    args: [{ ...id, required: false }],
    flags: [{ name: 'all', summary: 'every session' }],
    examples: ['postern session end build', 'postern session end --all'],
    run: runEnd,
  },
]

function runAdd(call: Call): Promise<number> {
  return withHome(call, async (home) => {
    const { store, clock, connect } = home
    const opened = await registerSession(
      { store, clock, connect, connectOnce: connect, drivers: await home.drivers() },
      {
        id: call.args.need('id'),
        driver: call.flags.need('driver'),
        settings: settingsOf(call),
        replace: call.flags.on('replace'),
        cwd: call.io.cwd,
        ...(call.flags.on('decisions') && { decisions: true }),
        ...(call.flags.on('check') && { check: call.io.stopping }),
      },
    )
    if (!('session' in opened)) return printUnfit(call, opened.trial)
    const hooks = call.flags.on('print-hooks') ? await hooksFor(call, opened.session) : []
    printOpened(call, opened, hooks)
    if (!call.json && opened.trial) call.out.note(trialText(opened.trial))
    if (!call.json) printHooks(call, hooks)
    return 0
  })
}

/** Postern did not start the agent, so the session's id is not in the agent's environment. */
async function hooksFor(call: Call, session: Session): Promise<readonly HookSettings[]> {
  const { io, rest, home } = call
  const agentHooks = await io.relay()
  await agentHooks.listen(homeAt(home).runDir, session)
  return agentHooks.settings({
    ...{ command: rest, settings: session.settings, session: session.id, home },
    decisions: session.decisions ? decisionWait(call) : undefined,
  })
}

/** The session that has just been opened, and how many grants already point at it. */
export function printOpened(
  { out, json }: Call,
  { session, liveGrants, takenFrom, trouble, trial }: Opened,
  hooks: readonly HookSettings[] = [],
): void {
  const view = sessionView(session, { queues: new Map(), pauses: [] })
  if (json)
    out.json({
      ...{ ...view, liveGrants },
      ...(takenFrom && { takenFrom }),
      ...(trial && { check: trialView(trial) }),
      ...hooksView(hooks),
    })
  else {
    const grants = liveGrants === 1 ? '1 live grant points' : `${liveGrants} live grants point`
    out.note(`${view.channel} is open (${session.driver}). ${grants} at it.`)
  }
  if (takenFrom) out.note(takenText(takenFrom))
  if (trouble !== undefined) out.note(`The agent it replaced could not be ended: ${trouble}`)
}

/** Whoever works there may not know. */
const takenText = (from: TakenFrom): string => `It was taken from host "${from.host}", which ${fateOf(from)}.`

function fateOf({ isThere, isRevoked }: TakenFrom): string {
  if (isRevoked)
    return 'was revoked: an agent of it in a terminal there goes on until somebody ends it by hand'
  return isThere
    ? 'is there: its agent for it is ended'
    : 'is away: its agent for it is ended when it is back'
}

function settingsOf({ flags, rest }: Call): DriverSettings {
  return {
    ...flags.pick('target', 'socket', 'preset', 'url', 'cwd'),
    ...(rest.length > 0 && { command: rest }),
    ...Object.fromEntries(
      flags
        .list('set')
        .map((text) => pair(text, '=', '--set'))
        .map(([name, value]) => [name, jsonOrText(value)]),
    ),
  }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function runCancel({ args, io, home, json, out }: Call): Promise<void> {
  const id = parseSessionId(args.need('id'))
  const answer = await requestServer(await io.server(home), 'POST', `/api/sessions/${id}/cancel`)
  const cancelled = typeof answer === 'object' && answer !== null && 'cancelled' in answer && answer.cancelled
  if (json) out.json(answer)
  else out.note(cancelled ? `The turn of ${id} was cancelled.` : `No turn of ${id} ran.`)
}

function runEnd(call: Call): Promise<void> {
  return withHome(call, async ({ store, clock, connect, selves }) => {
    const wanted = call.args.text('id')
    if ((wanted === undefined) !== call.flags.on('all'))
      throw new Failure('usage', 'Name one session, or give --all.')
    const deps = { store, clock, connect }
    const ended = wanted === undefined ? await endAllSessions(deps) : [await endSession(deps, wanted)]
    await selves.renew()
    if (call.json) call.out.json(ended)
    else if (ended.length === 0) call.out.note('No session was running.')
    else for (const one of ended) call.out.note(endedText(one))
  })
}

const endedText = ({ session, failed, held, trouble }: Awaited<ReturnType<typeof endSession>>): string =>
  [
    `Ended ${session}.`,
    failed > 0 ? ` ${plural(failed, 'waiting message')} failed.` : '',
    held > 0
      ? ` ${plural(held, 'message')} of hooks ${held === 1 ? 'waits' : 'wait'} until it is opened again.`
      : '',
    trouble === undefined ? '' : ` Its agent could not be ended: ${trouble}`,
  ].join('')
