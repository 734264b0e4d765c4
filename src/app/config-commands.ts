import type { ConfigFile, HookTools, Rehearsal } from '../cli/context.ts'
import { type Config, configSchema, loadConfig } from '../config/load.ts'
import { printable } from '../config/print.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import { homeAt } from '../domain/home.ts'
import type { Hook } from '../domain/hook.ts'
import { compose } from '../domain/message.ts'
import { createHookRenderer } from '../inbound/webhook-message.ts'
import { parsePayload } from '../payload/parse.ts'
import type { ProcessDeps } from './local-home.ts'

/** The configuration of a home, to be looked at. */
export function configFile({ env }: ProcessDeps, root: string): ConfigFile {
  const home = homeAt(root)
  return {
    file: home.configFile,
    schema: configSchema,
    load: async () => {
      const config = await loadConfig({ home, env, flags: {} })
      return { printable: printable(config), warnings: config.warnings, server: config.server }
    },
  }
}

/** The hooks of a home, to be tried out. */
export async function hookTools({ env, clock }: ProcessDeps, root: string): Promise<HookTools> {
  const config = await loadConfig({ home: homeAt(root), env, flags: {}, regardless: 'of secrets' })
  return {
    list: async () => config.webhooks.hooks,
    test: async (name, payload, headers) => {
      const hook = config.webhooks.hooks.find((candidate) => candidate.name === name)
      if (!hook) throw new Failure('not_found', `No hook "${name}" is configured.`)
      const nonce = Buffer.from(clock.bytes(12)).toString('hex')
      return rehearse(config, hook, payload, headers, nonce)
    },
  }
}

async function rehearse(
  { sessions }: Config,
  hook: Hook,
  payload: Uint8Array,
  headers: Readonly<Record<string, string>>,
  nonce: string,
): Promise<Rehearsal> {
  const view = await parsePayload(payload, headers['content-type'] ?? '')
  const rendering = createHookRenderer(hook)({ payload: view, header: (name) => headers[name], nonce })
  if (rendering.kind !== 'text') return rendering
  try {
    return {
      kind: 'message',
      message: compose(rendering.text, hook.from),
      session: hook.session ?? (hook.action === 'wake' ? sessions.wake : sessions.agent),
      ...(hook.skill !== undefined && { skill: hook.skill }),
    }
  } catch (thrown) {
    return { kind: 'failed', why: reasonOf(thrown) }
  }
}
