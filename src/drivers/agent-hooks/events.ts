import type { Outcome } from '../../domain/outcome.ts'
import { fingerprint } from '../terminal/screen.ts'

/** What an agent's hook said, in our words. */
export interface Word {
  readonly is:
    | 'here'
    /** It began a turn with this prompt. */
    | 'accepted'
    | 'completed'
    | 'failed'
    /** It waits for a person's permission. */
    | 'asks'
    | 'gone'
  /** The agent's own id: others of its kind may speak through the same hooks. */
  readonly conversation: string
  /** The tmux pane it runs in. */
  readonly pane?: string
  /** The end of the prompt that began the turn, as `fingerprint` cuts it: what a person types is not kept whole. */
  readonly prompt?: string
  readonly answer?: string
  /** Why it failed, what it asks for, how it went. */
  readonly detail?: string
}

/** What became of a text that was typed, as far as it was told. */
export interface Told {
  readonly accepted: boolean
  readonly end: Outcome | undefined
}

/** Reads the story of one text out of everything that was said since it was typed. */
export function toldOf(words: readonly Word[], text: string): Told {
  const print = fingerprint(text)
  const at = words.findIndex(({ is, prompt }) => is === 'accepted' && prompt === print)
  if (at < 0) {
    // Some agents tell the end alone, together with the prompt.
    const end = words.find(({ is, prompt }) => is === 'completed' && prompt === print)
    return { accepted: end !== undefined, end: end && outcomeOf(end) }
  }
  const { conversation } = words[at] ?? {}
  const end = words.slice(at + 1).find((word) => word.conversation === conversation && ends.includes(word.is))
  return { accepted: true, end: end && outcomeOf(end) }
}

const ends: readonly Word['is'][] = ['completed', 'failed', 'gone']

function outcomeOf({ is, answer, detail }: Word): Outcome {
  const said = answer === undefined ? {} : { answer }
  if (is === 'completed') return { kind: 'completed', ...said }
  return {
    kind: 'turn_failed',
    why: is === 'gone' ? 'exited' : 'agent_error',
    detail: detail ?? (is === 'gone' ? 'the agent left its conversation' : 'the agent failed'),
    ...said,
  }
}

/** What a person is asked for, unless the same conversation went on since. */
export function openRequest(words: readonly Word[]): string | undefined {
  const latest = new Map(words.map((word) => [word.conversation, word]))
  const asking = [...latest.values()].find(({ is }) => is === 'asks')
  return asking && `permission: ${asking.detail ?? 'a tool'}`
}
