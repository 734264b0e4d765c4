import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SessionId } from '../../domain/session.ts'
import { readRows } from '../json.ts'
import { textOf } from '../process/files.ts'
import type { HookEvent } from './events.ts'

/**
 * The event file of one session: its agent's hooks append to it, its driver reads it. Only the driver creates it,
 * so that nothing piles up for agents that are no session.
 */
const fileOf = (runDir: string, session: string): string => join(runDir, `${session}.hooks`)

/** A file of this size has not been read for long: further events would not be read either. */
const maxBytes = 1_048_576

/** Appends an event in one write. Throws when the session has no event file. */
export function appendHookEvent(runDir: string, session: string, event: HookEvent): void {
  const path = fileOf(runDir, session)
  const file = openSync(path, constants.O_WRONLY | constants.O_APPEND)
  try {
    if (fstatSync(file).size < maxBytes) writeSync(file, `${JSON.stringify(event)}\n`)
  } finally {
    closeSync(file)
  }
}

/** What the hooks of a typed session's agent report, if it has any. */
export interface HookEventReader {
  /** A message is about to be typed: earlier events are dropped. */
  begin(): Promise<void>
  /** Every event since `begin`. */
  events(): Promise<readonly HookEvent[]>
  /** Which events the agent's hooks have reported before, so that they can be waited for. */
  habit(): Promise<Habit>
  /** Removes the file: the session is over. */
  forget(): Promise<void>
}

/** `turns`: that a prompt was taken, and ends; `ends`: good ends alone. */
export type Habit = 'silent' | 'ends' | 'turns'

interface Heading {
  readonly generation: string
  readonly habit: Habit
}

/** With `pane`, events from another tmux pane are passed over. */
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
      // Without an event file the screen is still read.
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
  const lines: readonly object[] = readRows(await textOf(path))
  return { heading: lines.find(isHeading), events: lines.filter(isHookEvent) }
}

const isHeading = (line: object): line is Heading => 'generation' in line

const isHookEvent = (line: object): line is HookEvent => 'is' in line

/** Opened for appending, as `appendHookEvent` does: an event may come at any moment. */
async function rewrite(path: string, heading: Heading): Promise<void> {
  const file = await open(path, 'a', 0o600)
  try {
    await file.truncate(0)
    await file.write(`${JSON.stringify(heading)}\n`)
  } finally {
    await file.close()
  }
}
