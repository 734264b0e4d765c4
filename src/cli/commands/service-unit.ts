import type { Call, Command } from '../command.ts'
import { exitCodes } from '../exit.ts'

export const serviceUnit: Command = {
  name: 'service unit',
  summary: 'Print a hardened systemd unit.',
  flags: [
    { name: 'user', summary: 'a unit of your own, without privileges' },
    { name: 'join', summary: 'for a machine that has joined a door, in place of a server' },
    { name: 'exec', value: 'PATH', summary: 'where the binary lies; this one unless given' },
  ],
  examples: [
    'postern service unit | sudo tee /etc/systemd/system/postern.service',
    'postern service unit --user > ~/.config/systemd/user/postern.service',
    'postern service unit --join --user > ~/.config/systemd/user/postern.service',
  ],
  run: runUnit,
}

async function runUnit({ io, out, flags, home, json }: Call): Promise<void> {
  const executable = flags.text('exec') ?? io.program.command[0] ?? 'postern'
  const chosen = flags.on('home') || io.env.POSTERN_HOME
  const paths = { executable, ...(chosen && { home }), join: flags.on('join') }
  const unit = flags.on('user') ? userUnit(paths) : systemUnit(paths)
  if (json) out.json({ unit })
  else out.line(unit.trimEnd())
}

interface UnitPaths {
  /** Absolute path of the binary. */
  readonly executable: string
  /** Absolute path; the default is `/var/lib/postern` for the system and the user's own home otherwise. */
  readonly home?: string
  /** The home has joined a door: it knows which, and its agents are reached through that. */
  readonly join?: boolean
}

/**
 * A unit for the system, under an account of its own. It may write its home and nothing else, reach no device, gain no
 * privilege, and see neither other users' files nor their processes. Memory stays writable and executable: the runtime compiles
 * as it goes.
 */
export function systemUnit({ executable, home = '/var/lib/postern', join = false }: UnitPaths): string {
  const byState = home === '/var/lib/postern'
  const makesHome = byState && !join ? '' : `\n#   install -d -o postern -g postern -m 0700 ${home}`
  return `# /etc/systemd/system/postern.service
#   useradd --system --home-dir ${home} --shell /usr/sbin/nologin postern${makesHome}${join ? joinFirst(`sudo -u postern postern --home ${home}`) : ''}
#   systemctl daemon-reload && systemctl enable --now postern
# Commands for this home: sudo -u postern postern --home ${home} …
# It cannot connect to agents of other users of this machine; for those: postern service unit ${join ? '--join ' : ''}--user
${unitSection(join)}
[Service]
${serviceLines(executable, home, join)}
User=postern
Group=postern
Environment=POSTERN_SERVICE=1
UMask=0077
${byState ? 'StateDirectory=postern\nStateDirectoryMode=0700' : `ReadWritePaths=${escaped(home)}`}
${visible(executable, home)}
${hardening}

[Install]
WantedBy=multi-user.target
`
}

/** Which door it is, the home knows from then on. */
const joinFirst = (postern: string): string =>
  `\n#   ${postern} join https://door.example --token-file FILE    once, until it says that it has joined`

/** Binds the program and the home where the unit hides the folders above them. */
function visible(executable: string, home: string): string {
  const [program, place] = [executable, home].map((path) => hiding.some((dir) => path.startsWith(dir)))
  return [
    `ProtectHome=${program || place ? 'tmpfs' : 'yes'}`,
    ...(program ? [`BindReadOnlyPaths=${escaped(executable)}`] : []),
    ...(place ? [`BindPaths=${escaped(home)}`] : []),
  ].join('\n')
}

const hiding = ['/home/', '/root/', '/run/user/', '/tmp/', '/var/tmp/']

/** A unit of one's own, without privileges: agents it starts run as that user, with that user's files. */
export function userUnit({ executable, home, join = false }: UnitPaths): string {
  const postern = home === undefined ? 'postern' : `postern --home ${home}`
  return `# ~/.config/systemd/user/postern.service${join ? joinFirst(postern) : ''}
#   systemctl --user daemon-reload && systemctl --user enable --now postern
#   loginctl enable-linger    keeps it running while nobody is logged in
${unitSection(join)}
[Service]
${serviceLines(executable, home, join)}
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native

[Install]
WantedBy=default.target
`
}

/** Restarting must not end agents that run in terminals of their own: only the server itself is killed. */
const serviceLines = (executable: string, home: string | undefined, join: boolean): string =>
  `Type=exec
ExecStartPre=${command(executable, home, 'check')}
${join ? joinLines(executable, home) : serveLines(executable, home)}
KillMode=process
TimeoutStopSec=30
LimitNOFILE=65536
WorkingDirectory=${home === undefined ? '~' : escaped(home)}`

const serveLines = (executable: string, home: string | undefined): string =>
  `ExecStart=${command(executable, home, 'serve')}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=1
RestartPreventExitStatus=${exitCodes.unauthorized}`

/** The door may be away for long; a token that it does not take gets no better by itself, nor does a door that was revoked. */
const joinLines = (executable: string, home: string | undefined): string =>
  `ExecStart=${command(executable, home, 'join')}
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=${exitCodes.unauthorized}`

const command = (executable: string, home: string | undefined, verb: string): string =>
  `${escaped(executable)}${home === undefined ? '' : ` --home ${escaped(home)}`} ${verb}`

/** A path as a unit file wants it: quoted where it must be, specifiers doubled. */
function escaped(path: string): string {
  const doubled = path.replaceAll('%', '%%')
  return /[\s"'\\$;]/.test(doubled) ? `"${doubled.replace(/["\\$]/g, '\\$&')}"` : doubled
}

/** Started again for ever: what it needs, a door or a database, may be away for longer than systemd would try by itself. */
const unitSection = (join: boolean): string => `[Unit]
${
  join
    ? `Description=Postern, agents of this machine behind a door elsewhere
Wants=network-online.target
After=network-online.target`
    : `Description=Postern, a narrow door into running agents
After=network.target`
}
StartLimitIntervalSec=0
`

const hardening = `AmbientCapabilities=
CapabilityBoundingSet=
DevicePolicy=closed
LockPersonality=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateMounts=yes
PrivateTmp=yes
PrivateUsers=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged`
