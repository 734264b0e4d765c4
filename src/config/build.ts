import { resolve } from 'node:path'
import type { Hook } from '../domain/hook.ts'
import { sessionOf } from '../domain/session.ts'
import { minSecretLength } from '../domain/verify.ts'
import {
  agentSession,
  limitsDefaults,
  retentionDays,
  retryDefaults,
  skillDirs,
  wakeSession,
} from './defaults.ts'
import type { Complain } from './problem.ts'
import type { ConfigDocument } from './schema.ts'
import { type BuildDeps, checkSecret, reachableBy, resolveSecrets, type SecretCheck } from './secrets.ts'
import { buildServer } from './server.ts'
import { type Config, outgoingSecrets, type SessionsConfig, type WebhooksConfig } from './types.ts'
import type { HookContext, WrittenHooks } from './verify.ts'

/** Fills in defaults, resolves secrets and checks what a schema cannot express. Problems go to `deps.complain`. */
export async function build(document: ConfigDocument, deps: BuildDeps): Promise<Config> {
  const warnings: string[] = []
  const server = await buildServer(document.server ?? {}, deps)
  const limits = { ...limitsDefaults, ...document.limits }
  const check: SecretCheck = {
    reachable: reachableBy(server),
    warn: (text) => warnings.push(text),
    complain: deps.complain,
    looksForGuesses: !deps.ignoreSecretProblems,
  }
  warnings.push(...openPages(server))
  for (const secret of server.callbacks.secrets)
    if (secret !== '') checkSecret(secret, ['server', 'callbacks', 'secret'], minSecretLength, check)
  const webhooks = await buildWebhooks(document.webhooks ?? {}, deps, check, limits.hookBytes)
  return {
    server,
    webhooks,
    sessions: buildSessions(document.sessions ?? {}, deps.complain),
    notify: await notifyOf(document.notify ?? [], deps, check, { server, webhooks }),
    skills: { dirs: (document.skills?.dirs ?? skillDirs).map((dir) => resolve(deps.baseDir, dir)) },
    limits,
    retry: checkedRetry({ ...retryDefaults, ...document.retry }, deps.complain),
    ...(document.store !== undefined && { store: document.store }),
    retention: { days: document.retention?.days ?? retentionDays },
    warnings,
  }
}

/** Only a server tells anybody anything: commands need neither the addresses nor the secrets of it. */
async function notifyOf(
  written: NonNullable<ConfigDocument['notify']>,
  deps: BuildDeps,
  check: SecretCheck,
  { server, webhooks }: Pick<Config, 'server' | 'webhooks'>,
): Promise<Config['notify']> {
  if (written.length === 0 || deps.ignoreSecretProblems) return []
  const { buildNotify } = await import('./notify.ts')
  const { callbacks } = server
  return buildNotify(written, { deps, check, callbacks, fallback: outgoingSecrets({ server, webhooks }) })
}

/** Session names, queues and paths of hooks are nobody else's business. */
function openPages(server: Config['server']): readonly string[] {
  const reachable = reachableBy(server)
  if (reachable === undefined) return []
  return (['metrics', 'docs'] as const)
    .filter((page) => server[page] === 'open')
    .map((page) => `server.${page} is open to everybody who reaches the server, and ${reachable}.`)
}

async function buildWebhooks(
  written: NonNullable<ConfigDocument['webhooks']>,
  deps: BuildDeps,
  check: SecretCheck,
  hookBytes: number,
): Promise<WebhooksConfig> {
  const enabled = written.enabled ?? false
  // What is switched off may lack its secrets.
  const lenient = enabled ? deps : { ...deps, complain: () => {} }
  const secrets = await resolveSecrets(written.secret, secretPath, lenient)
  if (enabled) checkSharedSecret(secrets, check)
  return {
    enabled,
    secrets: secrets.filter((secret) => secret !== ''),
    hooks: await hooksOf(written.hooks ?? {}, { secrets, hookBytes, enabled, deps, check }),
  }
}

const secretPath = ['webhooks', 'secret']

/** The shared secret of enabled webhooks. */
function checkSharedSecret(secrets: readonly string[], check: SecretCheck): void {
  if (secrets.length === 0)
    check.complain(secretPath, 'is missing, and webhooks are enabled; `postern secret` makes one')
  for (const secret of secrets) checkSecret(secret, secretPath, minSecretLength, check)
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

function buildSessions(written: NonNullable<ConfigDocument['sessions']>, complain: Complain): SessionsConfig {
  const {
    wake = wakeSession,
    agent = agentSession,
    allow = [],
    registerFrom = 'here',
    declared = {},
  } = written
  allow.forEach((id, i) => {
    if (id !== '*' && !isSessionId(id)) complain(['sessions', 'allow', i], 'must be a session id or "*"')
  })
  for (const id of Object.keys(declared))
    if (!isSessionId(id)) complain(['sessions', 'declared', id], 'is not a session id')
  return {
    wake,
    agent,
    allow,
    registerFrom,
    declared: Object.entries(declared).map(
      ([id, { driver, settings = {}, permissions = [], decisions = false }]) => ({
        ...{ id, driver, settings, permissions, decisions },
      }),
    ),
  }
}

const isSessionId = (id: string): boolean => sessionOf(`postern:/sessions/${id}`) !== undefined
