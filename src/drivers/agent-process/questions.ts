/** What an agent asks of a person during a turn. Nobody else agrees: a question waits until its turn is cancelled. */
export interface Questions {
  /** `dismiss` answers in the negative. With `agentWaitsMs` the agent decides by itself when that time is over. */
  hold(name: string, dismiss: () => void, agentWaitsMs?: number): void
  /** The name of the one that waits longest. */
  first(): string | undefined
  /** Dismisses all that wait, and all that come later. */
  close(): void
  closed(): boolean
}

export interface QuestionListeners {
  readonly held: (name: string) => void
  /** A question has waited for too long. */
  readonly late: () => void
}

const patienceMs = 1_800_000

export function createQuestions({ held, late }: QuestionListeners): Questions {
  const open = new Map<
    symbol,
    { readonly name: string; readonly dismiss: () => void; readonly timer: ReturnType<typeof setTimeout> }
  >()
  let closed = false
  return {
    hold: (name, dismiss, agentWaitsMs) => {
      if (closed) return dismiss()
      const key = Symbol(name)
      const timer =
        agentWaitsMs === undefined
          ? setTimeout(late, patienceMs)
          : setTimeout(() => void open.delete(key), agentWaitsMs)
      open.set(key, { name, dismiss, timer })
      held(name)
    },
    first: () => open.values().next().value?.name,
    close: () => {
      closed = true
      for (const { dismiss, timer } of open.values()) {
        clearTimeout(timer)
        dismiss()
      }
      open.clear()
    },
    closed: () => closed,
  }
}
