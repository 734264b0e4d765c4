import { reasonOf } from '../../domain/error.ts'
import { homeAt } from '../../domain/home.ts'
import type { HomeLook } from '../../domain/home-state.ts'
import { helpOn } from '../../manage/troubleshooting.ts'
import type { Call, Command } from '../command.ts'
import type { LocalHome } from '../context.ts'
import type { Cell, Column } from '../output.ts'
import { findAgents } from './doctor/agents.ts'
import { checkDoor } from './doctor/door.ts'
import { checkDoors } from './doctor/doors.ts'
import type { Examination, Finding, NamedFinding } from './doctor/findings.ts'
import { checkConfig, checkHome, checkKeys, checkProgram } from './doctor/home.ts'
import { checkHosts } from './doctor/hosts.ts'
import { checkNotices } from './doctor/notices.ts'
import { checkPauses } from './doctor/pauses.ts'
import { checkRefusals } from './doctor/refusals.ts'
import { checkClock, checkPublicUrl, checkServer } from './doctor/server.ts'
import { checkHooks, checkSessions } from './doctor/sessions.ts'
import { checkStore } from './doctor/store.ts'
import { checkTools } from './doctor/tools.ts'

export const doctor: Command = {
  name: 'doctor',
  summary: 'Check everything a server needs, report what is wrong, and find agents that could be added.',
  details: 'It changes nothing. Exits with 1 when something is bad.',
  examples: ['postern doctor', 'postern doctor --json'],
  run: runDoctor,
}

async function runDoctor(call: Call): Promise<number> {
  let looked: Promise<HomeLook> | undefined
  let home: Promise<LocalHome> | undefined
  const look = () => {
    looked ??= call.io.look(call.home)
    return looked
  }
  const opened = () => {
    home ??= call.io.openHome(call.home)
    return home
  }
  const findings = await examine({ ...call, look, opened })
  await home?.then(({ close }) => close()).catch(() => {})
  if (call.json)
    call.out.json(findings.map(({ follows: _, about: __, ...one }) => ({ ...one, fix: one.fix ?? null })))
  else print(call, findings)
  return findings.some(({ verdict }) => verdict === 'bad') ? 1 : 0
}

/** What all checks find, in their order. */
async function examine(call: Examination): Promise<readonly NamedFinding[]> {
  const findings: NamedFinding[] = []
  const isJoined = (await call.io.modeOf(homeAt(call.home).doorFile)) !== undefined
  const checks = isJoined ? checksOfHost : checksOfDoor
  const isShut = (await call.look()).troubles.length > 0
  for (const [name, check] of isShut ? checks.filter(([name]) => !insideHome.includes(name)) : checks)
    findings.push(...causesOnly(findings, name, await check(call).catch(asFindings)))
  return findings
}

type Check = readonly [name: string, check: (call: Examination) => Promise<readonly Finding[]>]

/** In this order: the later ones open the home, which repairs the permissions that the first ones report. */
const checksOfDoor: readonly Check[] = [
  ['program', checkProgram],
  ['configuration', checkConfig],
  ['home', checkHome],
  ['store', checkStore],
  ['signing keys', checkKeys],
  ['server', checkServer],
  ['public URL', checkPublicUrl],
  ['clock', checkClock],
  ['sessions', checkSessions],
  ['doors', checkDoors],
  ['hosts', checkHosts],
  ['hooks', checkHooks],
  ['pauses', checkPauses],
  ['refusals', checkRefusals],
  ['notify', checkNotices],
  ["agents' tools", checkTools],
  ['agent', findAgents],
]

/** On a machine that has joined a door, which has everything else. */
const checksOfHost: readonly Check[] = [
  ['program', checkProgram],
  ['configuration', checkConfig],
  ['home', checkHome],
  ['door', checkDoor],
  ['sessions', checkSessions],
  ["agents' tools", checkTools],
  ['agent', findAgents],
]

/** What lies in a home that cannot be opened says nothing: why it cannot is told once. */
const insideHome = [
  'store',
  'door',
  'signing keys',
  'sessions',
  'doors',
  'hosts',
  'hooks',
  'pauses',
  'notify',
]

/** Whose troubles are those of another, while that one is not well. */
const causeOf: Readonly<Record<string, string>> = { 'public URL': 'server' }

/** What follows from what was found before is not told again: the first cause is what is to be mended. */
function causesOnly(
  before: readonly NamedFinding[],
  name: string,
  found: readonly Finding[],
): readonly NamedFinding[] {
  const known = before.filter(({ verdict }) => verdict === 'bad').map(({ detail }) => detail)
  const cause = before.find((one) => one.name === causeOf[name] && one.verdict !== 'ok')
  return found
    .filter(({ verdict, detail }) => verdict !== 'bad' || !known.includes(detail))
    .map(
      (one): NamedFinding =>
        cause && one.verdict === 'bad' && one.follows
          ? { name, verdict: 'note', detail: `not looked at: the ${cause.name} is ${cause.detail}` }
          : { name, ...one },
    )
}

const asFindings = (thrown: unknown): readonly Finding[] => [{ verdict: 'bad', detail: reasonOf(thrown) }]

/** Where docs/troubleshooting.md has more on what a check finds, unless the finding says it. */
const sections: Readonly<Record<string, string>> = {
  configuration: 'config_invalid',
  home: 'home_unusable',
  store: 'store_unavailable',
  'signing keys': 'key_unusable',
  server: 'unreachable',
  'public URL': 'host_not_allowed',
  pauses: 'paused',
}

/** Below the table, where nothing is cut, stands what is wrong once more, with what mends it, to be copied. */
function print({ out }: Call, findings: readonly NamedFinding[]): void {
  const agents = findings.filter(({ verdict }) => verdict === 'found')
  const others = findings.filter(({ verdict }) => verdict !== 'found')
  out.table(columns, others)
  const mendable = others.filter(({ fix }) => fix !== undefined)
  if (mendable.length > 0) out.line('\nTo mend it:')
  for (const one of mendable) {
    const { name, detail, fix = '' } = one
    const help = helpOn(one.about ?? sections[name] ?? '')
    out.line(`  ${name}: ${detail}\n    ${fix}${help === undefined ? '' : `\n    more: ${help}`}`)
  }
  if (agents.length > 0) out.line('\nAgents here, and what adds them; the best way to each comes first:')
  for (const { detail, fix = '' } of agents) out.line(`  ${detail}\n    ${fix}`)
}

const columns: readonly Column<NamedFinding>[] = [
  { title: 'WHAT', cell: ({ name }) => name },
  { title: 'VERDICT', cell: verdictCell },
  { title: 'DETAIL', flexible: true, cell: ({ detail }) => detail },
]

function verdictCell({ verdict }: NamedFinding): Cell {
  return { text: verdict, tone: verdict === 'ok' ? 'good' : verdict === 'bad' ? 'bad' : 'warn' }
}
