import type { Outcome } from '../../domain/outcome.ts'
import { fingerprint } from '../terminal/screen.ts'

/** What an agent's hook reported, in one shape for all agents. It stands in event files, which outlive the binary. */
export interface HookEvent {
  readonly is:
    | 'here'
    /** The agent began a turn with this prompt. */
    | 'accepted'
    | 'completed'
    | 'failed'
    /** The agent waits for a person's permission, or answer. */
    | 'asks'
    | 'gone'
  /** The agent's own id of its conversation: other processes of the same agent may use the same hooks. */
  readonly conversation: string
  /** The tmux pane it runs in. */
  readonly pane?: string
  /** The end of the prompt that began the turn, as `fingerprint` cuts it: what a person types is not kept whole. */
  readonly prompt?: string
  readonly answer?: string
  /** Why it failed, what it asks for, how it went. */
  readonly detail?: string
  /** What a person is asked, where it is no permission: `an answer: Which colour?`. */
  readonly asks?: string
}

/** What became of a text that was typed, as far as events show. */
interface TypedTurn {
  readonly accepted: boolean
  readonly end: Outcome | undefined
}

/** What the events since a text was typed show of its turn. */
export function turnOf(events: readonly HookEvent[], text: string): TypedTurn {
  const print = fingerprint(text)
  const at = events.findIndex(({ is, prompt }) => is === 'accepted' && prompt === print)
  if (at < 0) {
    // The `notify` of codex reports the end alone, together with the prompt.
    const end = events.find(({ is, prompt }) => is === 'completed' && prompt === print)
    return { accepted: end !== undefined, end: end && outcomeOf(end) }
  }
  const { conversation } = events[at] ?? {}
  const end = events
    .slice(at + 1)
    .find((event) => event.conversation === conversation && ends.includes(event.is))
  return { accepted: true, end: end && outcomeOf(end) }
}

const ends: readonly HookEvent['is'][] = ['completed', 'failed', 'gone']

function outcomeOf({ is, answer, detail }: HookEvent): Outcome {
  const answered = answer === undefined ? {} : { answer }
  if (is === 'completed') return { kind: 'completed', ...answered }
  return {
    kind: 'turn_failed',
    why: is === 'gone' ? 'exited' : 'agent_error',
    detail: detail ?? (is === 'gone' ? 'the agent left its conversation' : 'the agent failed'),
    ...answered,
  }
}

/** The permission or answer that a person is asked for, unless the same conversation went on since. */
export function openPermission(events: readonly HookEvent[]): string | undefined {
  const latest = new Map(events.map((event) => [event.conversation, event]))
  const open = [...latest.values()].find(({ is }) => is === 'asks')
  return open && (open.asks ?? `permission: ${open.detail ?? 'a tool'}`)
}
