import type { Hook } from '../domain/hook.ts'

/** The part of the configuration that knocks and messages of the operator are subject to. 0 means no limit. */
export interface InboundConfig {
  readonly webhooks: {
    readonly enabled: boolean
    /** The shared secret; several while it is being rotated. */
    readonly secrets: readonly string[]
    readonly hooks: readonly Hook[]
  }
  readonly sessions: {
    /** Default sessions of the two built-in hooks, and of custom ones by their action. */
    readonly wake: string
    readonly agent: string
    /** Sessions a body may name besides its default; `*` for all. */
    readonly allow: readonly string[]
  }
  readonly limits: {
    readonly knocksPerMinute: number
    readonly authFailuresPerMinute: number
    readonly queuePerSession: number
    /** Largest body at a capability URL. */
    readonly messageBytes: number
    /** Largest body at the built-in hooks. */
    readonly hookBytes: number
  }
  readonly retry: { readonly maxHoldSeconds: number }
}
