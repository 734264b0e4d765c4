import { resolve } from 'node:path'
import type { Hook } from '../domain/hook.ts'
import { limitsDefaults, retentionDays, retryDefaults, skillDirs } from './defaults.ts'
import type { HookSurroundings, WrittenHooks } from './hooks.ts'
import type { Complain } from './problem.ts'
import type { ConfigDocument } from './schema.ts'
import { resolveSecrets, type SecretDeps } from './secrets.ts'
import { buildServer } from './server.ts'
import { buildSessions } from './sessions.ts'
import { type Check, checkShared } from './shared.ts'
import type { Config, WebhooksConfig } from './types.ts'

/** Fills in defaults, resolves secrets and checks what a schema cannot say. Complaints go through `resolving`. */
export async function build(document: ConfigDocument, resolving: SecretDeps): Promise<Config> {
  const warnings: string[] = []
  const server = await buildServer(document.server ?? {}, resolving)
  const limits = { ...limitsDefaults, ...document.limits }
  const check: Check = {
    host: server.host,
    warn: (text) => warnings.push(text),
    complain: resolving.complain,
  }
  return {
    server,
    webhooks: await buildWebhooks(document.webhooks ?? {}, resolving, check, limits.hookBytes),
    sessions: buildSessions(document.sessions ?? {}, resolving.complain),
    skills: { dirs: (document.skills?.dirs ?? skillDirs).map((dir) => resolve(resolving.baseDir, dir)) },
    limits,
    retry: checkedRetry({ ...retryDefaults, ...document.retry }, resolving.complain),
    retention: { days: document.retention?.days ?? retentionDays },
    warnings,
  }
}

async function buildWebhooks(
  written: NonNullable<ConfigDocument['webhooks']>,
  resolving: SecretDeps,
  check: Check,
  hookBytes: number,
): Promise<WebhooksConfig> {
  const enabled = written.enabled ?? false
  // What is switched off may lack its secrets.
  const lenient = enabled ? resolving : { ...resolving, complain: () => {} }
  const secrets = await resolveSecrets(written.secret, ['webhooks', 'secret'], lenient)
  if (enabled) checkShared(secrets, check)
  return {
    enabled,
    secrets: secrets.filter((secret) => secret !== ''),
    hooks: await hooksOf(written.hooks ?? {}, { secrets, hookBytes, enabled, resolving }),
  }
}

/** Templates and presets are loaded only by those who have hooks: `postern expose` is too short-lived to pay for them. */
async function hooksOf(written: WrittenHooks, around: HookSurroundings): Promise<readonly Hook[]> {
  const entries = Object.entries(written)
  if (entries.length === 0) return []
  const { buildHooks } = await import('./hooks.ts')
  return buildHooks(entries, around)
}

function checkedRetry(retry: Config['retry'], complain: Complain): Config['retry'] {
  if (retry.capSeconds < retry.baseSeconds)
    complain(['retry', 'capSeconds'], 'must not be less than retry.baseSeconds')
  return retry
}
