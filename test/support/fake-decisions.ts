import type {
  AgentRequest,
  Decided,
  DecisionId,
  DecisionTools,
  OpenRequest,
  Verdict,
} from '../../src/domain/decision.ts'

/** People who decide at a test's word. */
export interface FakeDecisions extends DecisionTools {
  /** Requests in the order in which they came, open or not. */
  readonly asked: readonly Asked[]
  /** Resolves with them when so many have been asked in all. */
  countAsked(count: number): Promise<readonly Asked[]>
}

interface Asked {
  readonly request: AgentRequest
  /** Decides; resolves once the driver has applied it, with its trouble if it could not. */
  decide(verdict: Verdict): Promise<string | undefined>
  /** Nobody decided in time. */
  expire(): void
  /** How the driver closed it by itself. */
  readonly closed: Promise<{ readonly how: 'elsewhere' | 'withdrawn'; readonly why: string }>
}

export function createFakeDecisions(): FakeDecisions {
  const asked: Asked[] = []
  let look = () => {}
  return {
    asked,
    open: (request) => {
      const [one, open] = ask(request)
      asked.push(one)
      look()
      return open
    },
    countAsked: (count) =>
      new Promise((resolve) => {
        look = () => {
          if (asked.length >= count) resolve(asked)
        }
        look()
      }),
  }
}

function ask(request: AgentRequest): [Asked, OpenRequest] {
  const decided = Promise.withResolvers<Decided | undefined>()
  const closed = Promise.withResolvers<{ readonly how: 'elsewhere' | 'withdrawn'; readonly why: string }>()
  const one: Asked = {
    request,
    decide: (verdict) =>
      new Promise((resolve) =>
        decided.resolve({
          id: 'dec_0000000000000000' as DecisionId,
          verdict,
          applied: (trouble) => resolve(trouble),
          leave: () => resolve(undefined),
        }),
      ),
    expire: () => decided.resolve(undefined),
    closed: closed.promise,
  }
  const open: OpenRequest = {
    decided: decided.promise,
    close: (how, why) => {
      closed.resolve({ how, why })
      decided.resolve(undefined)
    },
  }
  return [one, open]
}
