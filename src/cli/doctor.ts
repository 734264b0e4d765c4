import { Failure, reasonOf } from '../domain/error.ts'
import { homeAt } from '../domain/home.ts'
import type { Call, Command } from './command.ts'
import type { Cell } from './output.ts'

export const doctorCommands: readonly Command[] = [
  {
    name: 'doctor',
    summary: 'Look at everything a server needs and say what is wrong.',
    examples: ['postern doctor', 'postern doctor --json'],
    run: runDoctor,
  },
]

interface Finding {
  readonly name: string
  readonly verdict: 'ok' | 'note' | 'bad'
  readonly detail: string
}

type Look = Omit<Finding, 'name'>

/** Exits with 1 when something is bad. */
async function runDoctor(call: Call): Promise<number> {
  const findings: Finding[] = []
  for (const [name, look] of looks) findings.push({ name, ...(await look(call).catch(asFinding)) })
  if (call.json) call.out.json(findings)
  else
    call.out.table(
      columns,
      findings.map(({ name, verdict, detail }) => [name, verdictCell(verdict), detail]),
    )
  return findings.some(({ verdict }) => verdict === 'bad') ? 1 : 0
}

const looks: readonly (readonly [string, (call: Call) => Promise<Look>])[] = [
  ['program', async ({ io }) => ok(`${io.program.version}, ${io.program.runtime}, ${io.program.target}`)],
  ['configuration', lookAtConfig],
  ['home', lookAtHome],
  ['store', lookAtStore],
  ['signing keys', lookAtKeys],
  ['server', lookAtServer],
  ['sessions', lookAtSessions],
]

async function lookAtConfig({ io, home }: Call): Promise<Look> {
  const desk = await io.config(home)
  const { warnings } = await desk.load()
  return warnings.length === 0 ? ok(desk.file) : { verdict: 'note', detail: warnings.join(' ') }
}

/** Nobody else may look inside: neither at the directory nor at the database and the keys in it. */
async function lookAtHome({ io, home }: Call): Promise<Look> {
  const { root, databaseFile, keysDir } = homeAt(home)
  const modes = await Promise.all(
    [root, databaseFile, keysDir].map(async (path) => [path, await io.modeOf(path)] as const),
  )
  if (modes[0]?.[1] === undefined) return { verdict: 'note', detail: `${root} does not exist yet` }
  const [open] = modes.filter(([, mode]) => mode !== undefined && (mode & 0o077) !== 0)
  return open ? { verdict: 'bad', detail: `others can read ${open[0]}; chmod go= ${open[0]}` } : ok(root)
}

function lookAtStore(call: Call): Promise<Look> {
  return opened(call, async ({ store }) => {
    await store.probe()
    const { deliveries } = await store.counts()
    const waiting = deliveries.PENDING + deliveries.RETRY
    return ok(`takes durable writes; ${waiting} waiting, ${deliveries.FAILED} failed`)
  })
}

function lookAtKeys(call: Call): Promise<Look> {
  return opened(call, async ({ tokens }) => {
    await tokens.read('not-a-token')
    return ok('readable, by their owner alone')
  })
}

async function lookAtServer({ io, home }: Call): Promise<Look> {
  try {
    const server = await io.server(home)
    const { status } = await server.request('GET', '/readyz')
    return status === 200 ? ok(server.url) : { verdict: 'bad', detail: `${server.url} answers ${status}` }
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.code !== 'unreachable') throw thrown
    return { verdict: 'note', detail: 'not running' }
  }
}

function lookAtSessions(call: Call): Promise<Look> {
  return opened(call, async ({ store }) => {
    const sessions = await store.listSessions()
    const offline = sessions.filter(({ state }) => state === 'offline').map(({ id }) => id)
    return offline.length === 0
      ? ok(`${sessions.filter(({ state }) => state === 'live').length} live`)
      : { verdict: 'note', detail: `offline: ${offline.join(', ')}` }
  })
}

/** A look must not make a home where there is none. */
async function opened(
  call: Call,
  look: (keeper: Awaited<ReturnType<Call['io']['keeper']>>) => Promise<Look>,
): Promise<Look> {
  if ((await call.io.modeOf(call.home)) === undefined) return { verdict: 'note', detail: 'nothing there yet' }
  const keeper = await call.io.keeper(call.home)
  try {
    return await look(keeper)
  } finally {
    await keeper.close()
  }
}

const ok = (detail: string): Look => ({ verdict: 'ok', detail })

const asFinding = (thrown: unknown): Look => ({ verdict: 'bad', detail: reasonOf(thrown) })

const columns = [{ title: 'WHAT' }, { title: 'VERDICT' }, { title: 'DETAIL', flexible: true }]

const verdictCell = (verdict: Finding['verdict']): Cell => ({
  text: verdict,
  tone: verdict === 'ok' ? 'good' : verdict === 'note' ? 'warn' : 'bad',
})
