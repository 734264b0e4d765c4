import { resolve } from 'node:path'
import type { Hook } from '../domain/hook.ts'
import { limitsDefaults, retentionDays, retryDefaults, skillDirs } from './defaults.ts'
import type { HookContext, WrittenHooks } from './hooks.ts'
import type { Complain } from './problem.ts'
import type { ConfigDocument } from './schema.ts'
import { type BuildDeps, resolveSecrets } from './secrets.ts'
import { buildServer } from './server.ts'
import { buildSessions } from './sessions.ts'
import { type Check, checkSharedSecret } from './shared-secret.ts'
import type { Config, WebhooksConfig } from './types.ts'

/** Fills in defaults, resolves secrets and checks what a schema cannot express. Problems go to `deps.complain`. */
export async function build(document: ConfigDocument, deps: BuildDeps): Promise<Config> {
  const warnings: string[] = []
  const server = await buildServer(document.server ?? {}, deps)
  const limits = { ...limitsDefaults, ...document.limits }
  const check: Check = {
    host: server.host,
    warn: (text) => warnings.push(text),
    complain: deps.complain,
  }
  return {
    server,
    webhooks: await buildWebhooks(document.webhooks ?? {}, deps, check, limits.hookBytes),
    sessions: buildSessions(document.sessions ?? {}, deps.complain),
    skills: { dirs: (document.skills?.dirs ?? skillDirs).map((dir) => resolve(deps.baseDir, dir)) },
    limits,
    retry: checkedRetry({ ...retryDefaults, ...document.retry }, deps.complain),
    retention: { days: document.retention?.days ?? retentionDays },
    warnings,
  }
}

async function buildWebhooks(
  written: NonNullable<ConfigDocument['webhooks']>,
  deps: BuildDeps,
  check: Check,
  hookBytes: number,
): Promise<WebhooksConfig> {
  const enabled = written.enabled ?? false
  // What is switched off may lack its secrets.
  const lenient = enabled ? deps : { ...deps, complain: () => {} }
  const secrets = await resolveSecrets(written.secret, ['webhooks', 'secret'], lenient)
  if (enabled) checkSharedSecret(secrets, check)
  return {
    enabled,
    secrets: secrets.filter((secret) => secret !== ''),
    hooks: await hooksOf(written.hooks ?? {}, { secrets, hookBytes, enabled, deps: deps }),
  }
}

/** Templates and presets are loaded only by those who have hooks: `postern expose` is too short-lived to pay for them. */
async function hooksOf(written: WrittenHooks, context: HookContext): Promise<readonly Hook[]> {
  const entries = Object.entries(written)
  if (entries.length === 0) return []
  const { buildHooks } = await import('./hooks.ts')
  return buildHooks(entries, context)
}

function checkedRetry(retry: Config['retry'], complain: Complain): Config['retry'] {
  if (retry.capSeconds < retry.baseSeconds)
    complain(['retry', 'capSeconds'], 'must not be less than retry.baseSeconds')
  return retry
}
