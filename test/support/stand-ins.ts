import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { until } from './hooks.ts'

const lacking = ['caddy', 'tmux', 'openssl', 'curl'].find(
  (program) => spawnSync(program, ['-V'], { stdio: 'ignore' }).error !== undefined,
)
/** Why pages with these programs cannot be followed here; false where they can. */
export const noPrograms: string | false =
  lacking !== undefined && process.env.CI !== 'true' && `${lacking} is not installed`

/** A program that is another one here. */
export const standIn = (path: string, script: string): Promise<void> =>
  writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })

interface CaddyPlace {
  /** Where its files are, `Caddyfile` among them. */
  readonly folder: string
  readonly https: number
  readonly http: number
}

/** `sudo` as pages use it: packages are there already, and Caddy is one of this test, with its own authority for certificates. */
export const sudoScript = ({ folder, https, http }: CaddyPlace): string => `case "$*" in
  apt-get\\ *) exit ;;
  'systemctl reload caddy')
    printf '{\\n\\tadmin off\\n\\tskip_install_trust\\n\\tdefault_bind 127.0.0.1\\n\\thttps_port ${https}\\n\\thttp_port ${http}\\n}\\n' |
      cat - '${folder}/Caddyfile' > '${folder}/Caddyfile.here'
    # A port that was free may be another test's for a moment.
    for n in 1 2 3; do
      caddy start --config '${folder}/Caddyfile.here' --adapter caddyfile --pidfile '${folder}/caddy.pid' > '${folder}/caddy.log' 2>&1 && exit
      sleep 1
    done
    cat '${folder}/caddy.log' >&2
    exit 1 ;;
  *) exec "$@" ;;
esac`

/** `systemctl --user` for one unit: starts what the unit of that home names, and ends it. */
export const systemctlScript = `unit=$HOME/.config/systemd/user/postern.service
case "$*" in
  '--user enable --now postern' | '--user start postern')
    eval "$(sed -n 's/^ExecStartPre=//p' "$unit")" > "$HOME/service.log" 2>&1
    setsid $(sed -n 's/^ExecStart=//p' "$unit") >> "$HOME/service.log" 2>&1 < /dev/null &
    echo $! > "$HOME/service.pid" ;;
  '--user disable --now postern' | '--user stop postern')
    kill "$(cat "$HOME/service.pid")"
    while [ -e "/proc/$(cat "$HOME/service.pid")/exe" ]; do sleep 0.1; done
    rm "$HOME/service.pid" ;;
  *) exit 2 ;;
esac`

/** What such a Caddy and those who trust it go by. */
export const caddyEnv = (folder: string) => ({
  XDG_DATA_HOME: join(folder, 'data'),
  XDG_CONFIG_HOME: join(folder, 'config'),
  CURL_CA_BUNDLE: authorityIn(folder),
})

/** The certificate of its authority, once it has one. */
export const authorityIn = (folder: string): string =>
  join(folder, 'data/caddy/pki/authorities/local/root.crt')

export async function endCaddy(folder: string): Promise<void> {
  const pid = await readFile(join(folder, 'caddy.pid'), 'utf8').catch(() => '')
  if (pid !== '') await ended(Number(pid))
}

/** Ends a process that somebody else started. */
export async function ended(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM')
  // One that has ended and is awaited by nobody has no program any more.
  await until(`${pid} is gone`, async () => !existsSync(`/proc/${pid}/exe`) || undefined)
}
