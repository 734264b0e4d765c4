import { basename, join, resolve } from 'node:path'
import type { DriverSettings } from '../../domain/session.ts'
import type { OwnedSettings } from '../agent-process/opening.ts'
import { type GivenSettings, givenSettings } from '../settings.ts'

export interface CodexSettings extends OwnedSettings {
  readonly server: CodexServer
  /** Kinds of approvals (`execute`, `edit`, `fetch`) and command lines that are given once each without a person. */
  readonly permissions: readonly string[]
}

/** How its app server is reached: one that others use as well, by socket or URL, or a process of our own. */
export type CodexServer =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string; readonly tokenEnv?: string }
  | { readonly kind: 'command' }

/** Settings as a person gave them, or as they were stored. Throws `usage` naming what is wrong. */
export function parseCodex(settings: DriverSettings, cwd: string): CodexSettings {
  const given = givenSettings('codex', settings, known)
  const command =
    given.texts('command', 'needs command as a list, for example: --driver codex -- codex app-server') ?? []
  const permissions =
    given.texts('permissions', 'needs permissions as a list of kinds or command lines') ?? []
  const env = given.env()
  const server = serverOf(given, command, cwd)
  if (server.kind !== 'command' && (env.env !== undefined || permissions.length > 0))
    throw given.usage('sets env and permissions only for a codex of its own, that is with a command')
  const conversation = given.text('threadId')
  return {
    server,
    command,
    cwd: given.cwd(cwd),
    ...env,
    agent: 'codex',
    permissions,
    ...(conversation !== undefined && { conversation }),
  }
}

/** As they are stored: what a person gave, completed. */
export function storedCodex(settings: CodexSettings): DriverSettings {
  const { server, command, cwd, env, permissions, conversation } = settings
  return {
    ...(server.kind === 'socket' && { socket: server.path }),
    ...(server.kind === 'url' && { url: server.url }),
    ...(server.kind === 'url' && server.tokenEnv !== undefined && { tokenEnv: server.tokenEnv }),
    ...(server.kind === 'command' && { command, permissions }),
    cwd,
    ...(env !== undefined && { env }),
    ...(conversation !== undefined && { threadId: conversation }),
  }
}

/** Where the daemon listens to which every plain `codex` attaches. */
export const daemonSocket = (env: Readonly<Record<string, string | undefined>>, userHome: string): string =>
  join(
    env.CODEX_HOME || join(env.HOME || userHome, '.codex'),
    'app-server-control',
    'app-server-control.sock',
  )

const known: readonly string[] = [
  'socket',
  'url',
  'tokenEnv',
  'command',
  'cwd',
  'env',
  'permissions',
  'threadId',
]

function serverOf({ usage, text }: GivenSettings, command: readonly string[], cwd: string): CodexServer {
  const [socket, url, tokenEnv] = [text('socket'), text('url'), text('tokenEnv')]
  if ([socket, url, command[0]].filter((way) => way !== undefined).length !== 1)
    throw usage('needs one of socket, url and a command')
  if (tokenEnv !== undefined && url === undefined) throw usage('needs tokenEnv only with a url')
  if (socket !== undefined) return { kind: 'socket', path: resolve(cwd, socket) }
  if (url !== undefined)
    return { kind: 'url', url: checkedUrl(url, usage), ...(tokenEnv !== undefined && { tokenEnv }) }
  if (basename(command[0] ?? '') === 'codex' && command[1] !== 'app-server')
    throw usage('speaks with "codex app-server", for example: --driver codex -- codex app-server')
  return { kind: 'command' }
}

function checkedUrl(url: string, usage: GivenSettings['usage']): string {
  const { protocol, username, password } = URL.parse(url) ?? {}
  if (protocol !== 'ws:' && protocol !== 'wss:') throw usage('needs url as ws://… or wss://…')
  if (username || password) throw usage('takes no credentials in its url; set tokenEnv')
  return url
}
