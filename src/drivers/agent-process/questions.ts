import type { AgentRequest, DecisionTools, OpenRequest } from '../../domain/decision.ts'

/** What an agent asks of a person during a turn. Nobody else agrees: a question waits until its turn is cancelled. */
export interface Questions {
  /** Returns what is to be called when the agent does not ask any more: nothing is answered then. */
  hold(question: Question): AskedNoMore
  /** What the one that waits longest asks for, as in `Question.asks`. */
  first(): string | undefined
  /** Dismisses all that wait, and all that come later. */
  close(): void
  closed(): boolean
}

/** `elsewhere`: somebody answered where the agent runs. */
export type AskedNoMore = (how: 'elsewhere' | 'withdrawn', why: string) => void

interface Question {
  /** For people, on one line: `permission: Bash(ls)`, `an answer: Which colour?`. */
  readonly asks: string
  /** Answers in the negative, because the turn is over. */
  readonly dismiss: () => void
  /** The agent decides by itself when that time is over. */
  readonly agentWaitsMs?: number | undefined
  /** What a person may decide from afar, and how the agent is told; absent where only who sits there can answer. */
  readonly decision?: QuestionDecision | undefined
}

export interface QuestionDecision {
  readonly request: Omit<AgentRequest, 'delivery'>
  readonly allow: () => void
  readonly deny: () => void
}

export interface QuestionListeners {
  /** A question waits that nobody decides from afar. */
  readonly held: (asks: string) => void
  /** A question has waited for too long. */
  readonly late: () => void
  /** Where people decide from afar. */
  readonly decisions?: DecisionTools | undefined
}

interface Waiting {
  readonly asks: string
  /** Waits no more, and answers nothing. */
  readonly close: AskedNoMore
  /** Answers in the negative. */
  readonly dismiss: () => void
}

const patienceMs = 1_800_000

export function createQuestions(listeners: QuestionListeners): Questions {
  const open = new Map<symbol, Waiting>()
  let closed = false
  const wait = (key: symbol, question: Question): Waiting => {
    const { decisions } = listeners
    const over = () => open.delete(key)
    return decisions && question.decision
      ? decided(decisions, question.decision, question, over)
      : held(listeners, question, over)
  }
  return {
    hold: (question) => {
      const key = Symbol(question.asks)
      if (closed) question.dismiss()
      else open.set(key, wait(key, question))
      return (how, why) => {
        open.get(key)?.close(how, why)
        open.delete(key)
      }
    },
    first: () => open.values().next().value?.asks,
    close: () => {
      closed = true
      for (const { close, dismiss } of open.values()) {
        close('withdrawn', 'its turn was over')
        dismiss()
      }
      open.clear()
    },
    closed: () => closed,
  }
}

function held(
  listeners: QuestionListeners,
  { asks, dismiss, agentWaitsMs }: Question,
  over: () => void,
): Waiting {
  const timer =
    agentWaitsMs === undefined ? setTimeout(listeners.late, patienceMs) : setTimeout(over, agentWaitsMs)
  listeners.held(asks)
  return { asks, close: () => clearTimeout(timer), dismiss }
}

/** Waits for a person's word. Without one in time, the agent is denied what it asks. */
function decided(
  decisions: DecisionTools,
  { request, allow, deny }: QuestionDecision,
  { asks, dismiss, agentWaitsMs }: Question,
  over: () => boolean,
): Waiting {
  const asked: OpenRequest = decisions.open(request, agentWaitsMs)
  void asked.decided.then((decision) => {
    if (!over()) return decision?.applied('the agent does not ask any more')
    if (decision?.verdict === 'allow') allow()
    else deny()
    decision?.applied()
  })
  return { asks, close: asked.close, dismiss }
}
