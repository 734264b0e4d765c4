import { resolve } from 'node:path'
import { serverDefaults } from './defaults.ts'
import type { Complain, ConfigPath } from './problem.ts'
import type { ConfigDocument } from './schema.ts'
import { type BuildDeps, resolveSecrets } from './secrets.ts'
import type { ServerConfig } from './types.ts'

type Written = NonNullable<ConfigDocument['server']>

export async function buildServer(written: Written, deps: BuildDeps): Promise<ServerConfig> {
  const { publicUrl, allowedHosts, trustedProxies, tls, callbacks, ...plain } = written
  const { complain, baseDir } = deps
  const isBlock = await blockTest([...(trustedProxies ?? []), ...(callbacks?.allow ?? [])])
  return {
    ...serverDefaults,
    ...plain,
    ...(publicUrl !== undefined && { publicUrl: checkedUrl(publicUrl, complain) }),
    ...(tls && { tls: { certFile: resolve(baseDir, tls.cert), keyFile: resolve(baseDir, tls.key) } }),
    allowedHosts: checked(allowedHosts, ['server', 'allowedHosts'], isHost, hostWanted, complain),
    trustedProxies: checked(trustedProxies, ['server', 'trustedProxies'], isBlock, blockWanted, complain),
    callbacks: {
      allow: checked(
        callbacks?.allow,
        ['server', 'callbacks', 'allow'],
        (text) => isHost(text) || isBlock(text),
        `${hostWanted}, or ${blockWanted}`,
        complain,
      ),
      secrets: await callbackSecrets(callbacks?.secret, deps),
    },
  }
}

/** `node:net` costs a short command milliseconds: it is loaded only where there are addresses to check. */
const blockTest = async (texts: readonly string[]): Promise<(text: string) => boolean> =>
  texts.length === 0 ? () => false : (await import('../auth/addresses.ts')).isBlock

const hostWanted = 'must be a host name without a port'
const blockWanted = 'must be an IP address or a block like 10.0.0.0/8'

const isHost = (text: string): boolean => /^[a-z0-9-]+(\.[a-z0-9-]+)*\.?$|^\[[0-9a-f:.]+\]$/.test(text)

function checked(
  texts: readonly string[] = [],
  path: ConfigPath,
  fits: (text: string) => boolean,
  wanted: string,
  complain: Complain,
): readonly string[] {
  const lower = texts.map((text) => text.toLowerCase())
  lower.forEach((text, i) => {
    if (!fits(text)) complain([...path, i], wanted)
  })
  return lower
}

async function callbackSecrets(
  written: NonNullable<Written['callbacks']>['secret'],
  deps: BuildDeps,
): Promise<readonly string[]> {
  const path = ['server', 'callbacks', 'secret']
  const secrets = await resolveSecrets(written, path, deps)
  if (secrets.includes('')) deps.complain(path, 'must not be empty')
  return secrets
}

/** http or https, with a path perhaps; without a trailing slash. */
function checkedUrl(text: string, complain: Complain): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain = url && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (!plain || !/^https?:$/.test(url.protocol))
    complain(
      ['server', 'publicUrl'],
      'must be a URL like https://postern.example.com, without query or password',
    )
  return text.replace(/\/+$/, '')
}
