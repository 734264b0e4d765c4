import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'
import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SessionId } from '../../domain/session.ts'
import type { HookEvent } from './events.ts'

/**
 * Where hooks leave word for one session: a file that only its driver makes, so that nothing piles up for agents that are
 * no session, and nothing has to run for word to be left.
 */
const fileOf = (runDir: string, session: string): string => join(runDir, `${session}.hooks`)

/** Nobody has read for long: what comes now would not be read either. */
const maxBytes = 1_048_576

/** Leaves word, in one write. Nothing happens where nobody listens. */
export function appendHookEvent(runDir: string, session: string, event: HookEvent): void {
  const path = fileOf(runDir, session)
  const file = openSync(path, constants.O_WRONLY | constants.O_APPEND)
  try {
    if (fstatSync(file).size < maxBytes) writeSync(file, `${JSON.stringify(event)}\n`)
  } finally {
    closeSync(file)
  }
}

/** What a typed session hears from its agent's hooks, if there are any. */
export interface HookEventReader {
  /** A message is about to be typed: what was said before does not concern it. */
  begin(): Promise<void>
  /** Everything said since. */
  events(): Promise<readonly HookEvent[]>
  /** What the agent's hooks have told before, so that it can be waited for. */
  habit(): Promise<Habit>
  /** The session is over. */
  forget(): Promise<void>
}

/** `turns`: also that a prompt was taken; `ends`: good ends alone. */
export type Habit = 'silent' | 'ends' | 'turns'

interface Heading {
  readonly generation: string
  readonly habit: Habit
}

/** `pane`: word from another tmux pane is not for us. */
export function openHookEvents(
  runDir: string,
  session: { readonly id: SessionId | string; readonly generation: string },
  pane?: string,
): HookEventReader {
  const path = fileOf(runDir, session.id)
  const read = async () => {
    const { heading, events } = await readAll(path)
    if (heading?.generation !== session.generation) return { habit: 'silent' as const, events: [] }
    const ours = events.filter((event) => !pane || !event.pane || event.pane === pane)
    return { habit: ours.reduce(habitAfter, heading.habit), events: ours }
  }
  return {
    begin: async () => {
      const { habit } = await read()
      // Without a place for word the screen still tells.
      await rewrite(path, { generation: session.generation, habit }).catch(() => {})
    },
    events: async () => (await read()).events,
    habit: async () => (await read()).habit,
    forget: async () => {
      const { heading } = await readAll(path)
      if (heading?.generation === session.generation) await rm(path, { force: true })
    },
  }
}

function habitAfter(habit: Habit, { is }: HookEvent): Habit {
  if (is === 'gone') return 'silent'
  return is === 'completed' && habit !== 'turns' ? 'ends' : 'turns'
}

async function readAll(
  path: string,
): Promise<{ readonly heading: Heading | undefined; readonly events: readonly HookEvent[] }> {
  const lines = (await textOf(path)).split('\n').flatMap(parsed)
  return { heading: lines.find(isHeading), events: lines.filter(isHookEvent) }
}

const isHeading = (line: object): line is Heading => 'generation' in line

const isHookEvent = (line: object): line is HookEvent => 'is' in line

/** Appended, like everything: word may come at any moment. */
async function rewrite(path: string, heading: Heading): Promise<void> {
  const file = await open(path, 'a', 0o600)
  try {
    await file.truncate(0)
    await file.write(`${JSON.stringify(heading)}\n`)
  } finally {
    await file.close()
  }
}

/** A line that was cut off by a full disk is nobody's word. */
function parsed(line: string): readonly object[] {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? [value] : []
  } catch {
    return []
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return ''
  }
}
