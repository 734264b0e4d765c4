/** What an agent answered to a message, and what its sender asked for. */
export interface Answered {
  /** The agent's last word: its `reply` where there was one, else what its turn ended with. */
  readonly answer?: string
  /** Since when the agent has answered by `reply`. Unix milliseconds. */
  readonly repliedAt?: number
  /** The JSON Schema that the answer must fit, as JSON. */
  readonly responseSchema?: string
  /** Whether it does; absent until there is one. */
  readonly responseFits?: boolean
}

/** Whether an answer is what its sender's schema asks for: its JSON, or what is wrong with it and where, in a sentence. */
export type Fit =
  | { readonly fits: true; readonly json: string }
  | { readonly fits: false; readonly flaw: string }

export type FitOf = (schema: string, answer: string) => Promise<Fit>
