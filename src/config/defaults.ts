import type { LimitsConfig, RetryConfig, ServerConfig } from './types.ts'

/** Every default of the configuration, in one place. */
export const serverDefaults = {
  host: '127.0.0.1',
  port: 7717,
  grantTtlSeconds: 30 * 24 * 60 * 60,
  waitSeconds: 5,
  drainSeconds: 10,
  logLevel: 'info',
} as const satisfies Partial<ServerConfig>

export const limitsDefaults: LimitsConfig = {
  knocksPerMinute: 600,
  authFailuresPerMinute: 20,
  queuePerSession: 1000,
  turnsAtOnce: 0,
  decisionSeconds: 1500,
  messageBytes: 65_536,
  hookBytes: 1_048_576,
  openWaits: 8,
  waitSeconds: 86_400,
}

export const retryDefaults: RetryConfig = {
  baseSeconds: 1,
  capSeconds: 300,
  attempts: 8,
  maxHoldSeconds: 24 * 60 * 60,
  waitingSeconds: 600,
}

export const retentionDays = 30
export const wakeSession = 'default'
export const agentSession = 'webhook-agent'

/** Relative to the file: `skills` in the home. */
export const skillDirs: readonly string[] = ['../skills']

/** Largest body any hook may allow. */
export const mostHookBytes = 26_214_400
