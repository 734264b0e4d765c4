import type { VerifyConfig } from './verify.ts'

/** A custom endpoint under `/api/hooks/`, as configured, with every default filled in. */
export interface Hook {
  readonly name: string
  /** Without percent-encodings or a trailing slash. No two hooks' paths differ in case alone. */
  readonly path: string
  /** Mustache source. Absent when the preset chooses one by event. */
  readonly template?: string
  readonly preset?: string
  readonly skill?: string
  /** False: answered 403 and nothing is stored. */
  readonly active: boolean
  /** Where it goes, when not to the default session of its action. */
  readonly session?: string
  readonly action: 'agent' | 'wake'
  readonly from?: string
  /** How a sender proves itself; the shared secret as a bearer token unless configured otherwise. */
  readonly verify: VerifyConfig
  /** What does not match is answered `ignored` and reaches no agent. */
  readonly filter?: Condition
  readonly maxBodyBytes: number
  /** What bodies are, whatever their content type says; by that alone unless set. */
  readonly bodyFormat?: BodyFormat
  /** Where strings hold JSON that is to be read, too: JSON pointers, or names of fields. */
  readonly parse?: readonly string[]
  /** What its sender is answered instead of the usual receipt. */
  readonly respond?: Respond
  /** What the operator says to the agent before each message, outside its fence. */
  readonly instruction?: string
  /** Put the rendered text between markers that no payload can forge. */
  readonly fence: boolean
  /** How long a repeat of an idempotency key is known; 24 hours unless set. */
  readonly idempotencySeconds?: number
  /** Instead of `limits.knocksPerMinute`: for the hook and for each URL that opens it; 0 for no limit. */
  readonly knocksPerMinute?: number
  /** Instead of `limits.queuePerSession`: how long its session's queue may be when it adds to it; 0 for no limit. */
  readonly queuePerSession?: number
}

export type BodyFormat = 'auto' | 'json' | 'form' | 'text'

/** An answer in a sender's own form. What is not set is as usual. */
export interface Respond {
  /** 200 to 299. */
  readonly status?: number
  /** Of the body; values are escaped for JSON, XML or HTML. */
  readonly contentType?: string
  /** Mustache over the receipt. */
  readonly body?: string
}

/** What must hold for a knock to reach its agent. */
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | (Subject & Test)

/** `path`: dotted (`pull_request.user.login`, `commits.0.id`) or a JSON pointer (RFC 6901, starts with `/`). */
type Subject = { readonly path: string } | { readonly header: string }

export type Scalar = string | number | boolean | null

export type Test =
  | { readonly exists: boolean }
  | { readonly equals: Scalar }
  | { readonly in: readonly Scalar[] }
  /** A regular expression of the kind that runs in linear time; see `payload/pattern.ts`. */
  | { readonly matches: string }

export const hookRoot = '/api/hooks/'

/** Names below `/api/hooks/` that are Postern's own. */
export const builtInHooks: readonly string[] = ['wake', 'agent']

/** How long an idempotency key counts, in milliseconds: 24 hours unless its hook says otherwise. */
export const keyWindowMs = (hook: Pick<Hook, 'idempotencySeconds'> | undefined): number =>
  (hook?.idempotencySeconds ?? 86_400) * 1000

/** How long finished deliveries stay, in milliseconds: as long as the key of any of these hooks counts. 0: for ever. */
export const keptMs = (days: number, hooks: readonly Pick<Hook, 'idempotencySeconds'>[]): number =>
  days === 0 ? 0 : Math.max(days * 86_400_000, ...hooks.map(keyWindowMs))

/** The hook with the session it speaks to written out. */
export const withSession = (
  hook: Hook,
  defaults: { readonly wake: string; readonly agent: string },
): Hook => ({
  ...hook,
  session: sessionOfHook(hook, defaults),
})

/** The session a hook speaks to; its action decides where it names none. */
export const sessionOfHook = (
  { session, action }: Pick<Hook, 'session' | 'action'>,
  defaults: { readonly wake: string; readonly agent: string },
): string => session ?? (action === 'wake' ? defaults.wake : defaults.agent)
