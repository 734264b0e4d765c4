import { reasonOf } from '../../domain/error.ts'
import type { Call, Command } from '../command.ts'
import type { Cell, Column } from '../output.ts'
import { lookForAgents } from './doctor/agents.ts'
import { lookAtConfig, lookAtHome, lookAtKeys, lookAtProgram, lookAtStore } from './doctor/home.ts'
import type { Finding, Look } from './doctor/look.ts'
import { lookAtClock, lookAtPublicUrl, lookAtServer } from './doctor/server.ts'
import { lookAtHooks, lookAtSessions } from './doctor/sessions.ts'

export const doctor: Command = {
  name: 'doctor',
  summary: 'Check everything a server needs, report what is wrong, and find agents that could be added.',
  details: 'It changes nothing. Exits with 1 when something is bad.',
  examples: ['postern doctor', 'postern doctor --json'],
  run: runDoctor,
}

async function runDoctor(call: Call): Promise<number> {
  const findings: Finding[] = []
  for (const [name, look] of looks)
    findings.push(...(await look(call).catch(asLooks)).map((one) => ({ name, ...one })))
  if (call.json) call.out.json(findings.map((one) => ({ ...one, fix: one.fix ?? null })))
  else print(call, findings)
  return findings.some(({ verdict }) => verdict === 'bad') ? 1 : 0
}

/** In this order: the later ones open the home, which repairs the permissions that the first ones report. */
const looks: readonly (readonly [string, (call: Call) => Promise<readonly Look[]>])[] = [
  ['program', lookAtProgram],
  ['configuration', lookAtConfig],
  ['home', lookAtHome],
  ['store', lookAtStore],
  ['signing keys', lookAtKeys],
  ['server', lookAtServer],
  ['public URL', lookAtPublicUrl],
  ['clock', lookAtClock],
  ['sessions', lookAtSessions],
  ['hooks', lookAtHooks],
  ['agent', lookForAgents],
]

const asLooks = (thrown: unknown): readonly Look[] => [{ verdict: 'bad', detail: reasonOf(thrown) }]

/** Fixes stand below the table, where nothing is cut and they can be copied. */
function print({ out }: Call, findings: readonly Finding[]): void {
  const agents = findings.filter(({ verdict }) => verdict === 'found')
  const others = findings.filter(({ verdict }) => verdict !== 'found')
  out.table(columns, others)
  const mendable = others.filter(({ fix }) => fix !== undefined)
  if (mendable.length > 0) out.line('\nTo mend it:')
  for (const { name, fix = '' } of mendable) out.line(`  ${name}: ${fix}`)
  if (agents.length > 0) out.line('\nAgents here, and what adds them:')
  for (const { detail, fix = '' } of agents) out.line(`  ${detail}\n    ${fix}`)
}

const columns: readonly Column<Finding>[] = [
  { title: 'WHAT', cell: ({ name }) => name },
  { title: 'VERDICT', cell: verdictCell },
  { title: 'DETAIL', flexible: true, cell: ({ detail }) => detail },
]

function verdictCell({ verdict }: Finding): Cell {
  return { text: verdict, tone: verdict === 'ok' ? 'good' : verdict === 'bad' ? 'bad' : 'warn' }
}
