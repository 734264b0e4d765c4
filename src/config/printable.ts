import { shownAddress } from '../domain/shown-address.ts'
import type { Config } from './types.ts'

const hidden = '(hidden)'
const hide = (secrets: readonly string[]): readonly string[] => secrets.map(() => hidden)
const hideValues = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.keys(headers).map((name) => [name, hidden]))

/** The configuration as it may be shown: no secret in it, nor what could be one in the settings of a driver. */
export const printable = (config: Config): Config => ({
  ...config,
  ...(config.store !== undefined && { store: shownAddress(config.store, hidden) }),
  server: {
    ...config.server,
    callbacks: { ...config.server.callbacks, secrets: hide(config.server.callbacks.secrets) },
  },
  webhooks: {
    ...config.webhooks,
    secrets: hide(config.webhooks.secrets),
    hooks: config.webhooks.hooks.map((hook) => ({
      ...hook,
      verify: {
        ...hook.verify,
        secrets: hide(hook.verify.secrets),
        ...(hook.verify.verifyToken !== undefined && { verifyToken: hidden }),
      },
    })),
  },
  // Who has the whole URL may write there, of most receivers.
  notify: config.notify.map((rule) => ({
    ...rule,
    url: shownUrl(rule.url),
    ...(rule.headers && { headers: hideValues(rule.headers) }),
    secrets: hide(rule.secrets),
  })),
  sessions: {
    ...config.sessions,
    declared: config.sessions.declared.map((session) => ({
      ...session,
      settings: Object.fromEntries(
        Object.entries(session.settings).map(([name, value]) => [name, shownSetting(name, value)]),
      ),
    })),
  },
})

const shownUrl = (url: string): string => (URL.canParse(url) ? `${new URL(url).origin}/${hidden}` : hidden)

/** Headers and environments carry credentials under names nobody can list. */
const secretive = /secret|token|passw|key|auth|credential|cookie|^env$|^headers$/i

function shownSetting(name: string, value: unknown): unknown {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.fromEntries(
      Object.entries(value).map(([inner, deeper]) => [
        inner,
        secretive.test(name) ? hidden : shownSetting(inner, deeper),
      ]),
    )
  return secretive.test(name) ? hidden : value
}
