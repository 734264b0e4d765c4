import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { copyFile, mkdir, readFile, rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { processesWith } from '../support/agents/processes.ts'
import { certify } from '../support/certificates.ts'
import { documentOf, posternOnPath, sectionIn, shell } from '../support/documents.ts'
import { freePort } from '../support/free-port.ts'
import { until } from '../support/hooks.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'
import {
  authorityIn,
  caddyEnv,
  endCaddy,
  ended,
  noPrograms,
  standIn,
  sudoScript,
  systemctlScript,
} from '../support/stand-ins.ts'

const skip = noPrograms || withoutPostgres()
const fakeAgent = resolve(import.meta.dirname, '../fixtures/fake-tui.mjs')
const section = sectionIn(await documentOf('fleet.md'), 'Two doors behind Caddy')
const [, ...steps] = section.split(/^### /m)
const machines = ['database', 'front', 'one', 'two', 'anna'] as const
type Machine = (typeof machines)[number]

const wheres: ReadonlyMap<string, readonly Machine[]> = new Map([
  ['# at the database', ['database']],
  ['# at the front', ['front']],
  ['# at each door', ['one', 'two']],
  ['# at the first door', ['one']],
  ['# at the second door', ['two']],
  ["# on Anna's laptop", ['anna']],
])

const blocksOf = (heading: string): readonly string[] => {
  const step = steps.find((each) => each.startsWith(`${heading}\n`)) ?? assert.fail(heading)
  return [...step.matchAll(/^```sh\n(.*?)^```/gms)].map(([, text = '']) => text)
}

describe('two doors behind Caddy, block by block', { timeout: 180_000 }, () => {
  let folder: string
  let database: TestPostgres
  let places: (machine: Machine) => ReadonlyMap<string, string>
  let joined: number | undefined
  let ports: { readonly one: number; readonly two: number }
  const taught = new Set<string>()

  const homeOf = (machine: Machine) => join(folder, machine)
  const envOf = (machine: Machine) => ({
    ...{ HOME: homeOf(machine), LANG: 'C.UTF-8', FAKE_TUI_LOG: join(folder, `${machine}.heard`) },
    ...caddyEnv(folder),
    NODE_EXTRA_CA_CERTS: authorityIn(folder),
    PATH: `${join(folder, 'stand-ins')}:${process.env.PATH}`,
  })
  const placeOf = (machine: Machine) => ({ env: envOf(machine), cwd: homeOf(machine) })
  const taughtIn = (heading: string, index: number) => {
    const text = blocksOf(heading)[index] ?? assert.fail(`${heading}: ${index}`)
    taught.add(text)
    const on = wheres.get(text.split('\n', 1)[0] ?? '') ?? assert.fail(text)
    const at = (machine: Machine) =>
      [...places(machine)].reduce((all, [from, to]) => all.replaceAll(from, to), text)
    return { on, at }
  }
  /** Runs the block where it says; what it prints there. */
  const paste = async (heading: string, index = 0) => {
    const { on, at } = taughtIn(heading, index)
    const ran = on.map((machine) => shell(at(machine), placeOf(machine)))
    return (await Promise.all(ran)).map(({ stdout, stderr }) => stdout + stderr).join('')
  }
  const postern = async (machine: Machine, args: string) =>
    (await shell(`postern ${args}`, placeOf(machine))).stdout
  const heard = (machine: Machine) => readFile(join(folder, `${machine}.heard`), 'utf8').catch(() => '')
  const hears = (machine: Machine, text: string) =>
    until(`${machine} hears ${text}`, async () => (await heard(machine)).includes(text))
  const service = async (machine: Machine) =>
    Number(await readFile(join(homeOf(machine), 'service.pid'), 'utf8'))
  const holders = async () =>
    (await Promise.all(machines.map((machine) => processesWith(`HOME=${homeOf(machine)}`))))
      .flat()
      .filter(({ command }) => command.includes('__hold'))
  const bring = (file: string, from: Machine, to: Machine, as = file) =>
    copyFile(join(homeOf(from), file), join(homeOf(to), as))

  before(async () => {
    if (skip) return
    folder = mkdtempSync(join(tmpdir(), 'postern-doors-'))
    for (const machine of machines) await mkdir(homeOf(machine))
    database = await startPostgres(['ssl=on'], (data, own) => {
      certify(folder, data)
      for (const file of ['server.key', 'server.crt']) own(join(data, file))
      chmodSync(join(data, 'server.key'), 0o600)
      writeFileSync(join(data, 'pg_hba.conf'), 'host all postgres 127.0.0.1/32 trust\n')
    })
    const { port: databasePort } = new URL(database.url)
    const [https, http] = [await freePort(), await freePort()]
    ports = { one: await freePort(), two: await freePort() }
    places = (machine) =>
      new Map([
        ['hooks.example.com', `localhost:${https}`],
        ['db.example.com', `localhost:${databasePort}`],
        ['10.0.0.11:7717', `127.0.0.1:${ports.one}`],
        ['10.0.0.12:7717', `127.0.0.1:${ports.two}`],
        ['10.0.0.10', '127.0.0.1'],
        ['10.0.0.0/24', '127.0.0.1/32'],
        ['"0.0.0.0"', '"127.0.0.1"'],
        ['7717', `${machine === 'two' ? ports.two : ports.one}`],
        ['/etc/caddy/Caddyfile', join(folder, 'Caddyfile')],
      ])
    const bin = await posternOnPath(join(folder, 'stand-ins'))
    await standIn(join(bin, 'claude'), `exec node '${fakeAgent}'`)
    await standIn(join(bin, 'systemctl'), systemctlScript)
    const asPostgres = `case "$*" in '-u postgres psql '*) shift 3; exec psql -h 127.0.0.1 -p ${databasePort} -U postgres "$@" ;; esac`
    await standIn(join(bin, 'sudo'), `${asPostgres}\n${sudoScript({ folder, https, http })}`)
  })

  after(async () => {
    if (skip) return
    await postern('one', 'session end --all').catch(() => {})
    await until('each machine has ended its agent', async () => (await holders()).length === 0)
    if (joined !== undefined) await ended(joined)
    for (const machine of ['one', 'two'] as const)
      await service(machine)
        .then(ended)
        .catch(() => {})
    await endCaddy(folder)
    await database.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('has a database that lets them in, and two doors with the same keys', { skip }, async () => {
    await paste('The database')
    for (const door of ['one', 'two'] as const) {
      await bring('postern.password', 'database', door)
      await copyFile(join(folder, 'ca.crt'), join(homeOf(door), 'db-ca.pem'))
    }
    await paste('Each door')
    assert.match(await paste("The first door's keys"), /"status":"ready"/)
    await rename(join(homeOf('one'), 'keys.tar'), join(homeOf('two'), 'keys.tar'))
    await copyFile(join(homeOf('two'), 'keys.tar'), join(homeOf('one'), 'keys.tar'))
    await paste("The first door's keys", 1)
    await until(
      'there are two',
      async () => (await postern('one', 'hosts ls')).match(/ there /g)?.length === 2,
    )
    assert.match(await paste("The first door's keys", 2), /door/)
    await paste('Caddy')
  })

  it('shows the agents of both and of a laptop at each', { skip }, async () => {
    await Promise.all([paste('Agents'), paste('Agents', 1), paste('Agents', 2)])
    await bring('anna.token', 'one', 'anna', 'door.token')
    joined = await joins(taughtIn('Agents', 3).at('anna'))
    await paste('Agents', 4)
    const seen = await paste('Agents', 5)
    for (const session of ['build', 'docs', 'tests'])
      assert.equal(seen.match(new RegExp(`^${session} +pty .* live`, 'gm'))?.length, 2, seen)
    assert.equal(seen.match(/^anna +there +1/gm)?.length, 2)
  })

  it('brings what knocks at either to the agent of one, in its order', { skip }, async () => {
    const seen = await paste('A knock at both')
    assert.equal(seen.match(/"status":"(delivered|buffered)"/g)?.length, 4)
    await hears('two', 'Round 4.')
    const rounds = [...(await heard('two')).matchAll(/Round (\d)\./g)].map(([, n]) => n)
    assert.deepEqual([...new Set(rounds)], ['1', '2', '3', '4'])
    const url = (await postern('anna', 'expose --session tests --quiet')).trim()
    for (const text of ['To Anna one.', 'To Anna two.']) await knock(url, text)
    await hears('anna', 'To Anna two.')
  })

  it('goes on at one while the other is away', { skip }, async () => {
    const own = (await postern('one', 'expose --session build --quiet')).trim()
    // Caddy may take a request that it repeats at the other door for a fault of that one, and answer 503 to all.
    const { lostAfterMs } = await knocksWhile(own, 'Stopped', 25, () => paste('A door stopped, and back'))
    assert.deepEqual(
      lostAfterMs.filter((ms) => ms > 1500),
      [],
    )
    const seen = await paste('A door stopped, and back', 1)
    assert.match(seen, /"status":"buffered"/)
    assert.equal(seen.match(/ away /g)?.length, 1, seen)
    const url = (await postern('anna', 'expose --session tests --quiet')).trim()
    for (let n = 0; n < 6; n++) await knock(url, `Alone ${n}.`)
    await hears('anna', 'Alone 5.')
    await paste('A door stopped, and back', 2)
    await hears('two', 'While you were away.')
  })

  it('loses no 2xx of a door that is killed; no block is left out', { skip }, async () => {
    const url = (await postern('one', 'expose --session build --quiet')).trim()
    const { taken, lostAfterMs } = await knocksWhile(url, 'Killed', 14, async () =>
      process.kill(await service('two'), 'SIGKILL'),
    )
    assert.ok(
      lostAfterMs.every((ms) => ms < 1500),
      'only what came before Caddy saw that it is gone is lost',
    )
    assert.ok(taken.length > 6, `${taken.length} of 14 were taken`)
    await hears('one', 'Killed 13.')
    await until('all are delivered', async () => {
      const listed = await postern('one', 'deliveries ls --session build --limit 1000 --json')
      const all = JSON.parse(listed) as readonly { readonly id: string; readonly state: string }[]
      return taken.every((id) => all.find((one) => one.id === id)?.state === 'DELIVERED')
    })
    await shell('systemctl --user start postern', placeOf('two'))
    // Else nobody ends its agent.
    await until('it is back', () =>
      fetch(`http://127.0.0.1:${ports.two}/readyz`).then(
        ({ ok }) => ok || undefined,
        () => undefined,
      ),
    )
    const all = steps.flatMap((step) => blocksOf(step.split('\n', 1)[0] ?? ''))
    assert.deepEqual(
      all.filter((text) => !taught.has(text)),
      [],
    )
  })

  /** Knocks five times a second, and `act` after the first second: what was taken, and when the others began, after that had begun. */
  const knocksWhile = async (url: string, text: string, count: number, act: () => Promise<unknown>) => {
    const taken: string[] = []
    const lostAt: number[] = []
    const sending = Array.from({ length: count }, async (_, n) => {
      await new Promise((resolve) => setTimeout(resolve, n * 200))
      const began = performance.now()
      const answer = await knock(url, `${text} ${n}.`).catch(() => undefined)
      if (answer === undefined) lostAt.push(began)
      else taken.push(String((JSON.parse(answer) as { readonly deliveryId: string }).deliveryId))
    })
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const actedAt = performance.now()
    await act()
    await Promise.all(sending)
    return { taken, lostAfterMs: lostAt.map((at) => Math.round(at - actedAt)) }
  }

  const knock = async (url: string, message: string) => {
    const order = `curl -fsS '${url}' -H 'Content-Type: application/json' -d '{"message":"${message}"}'`
    return (await shell(order, placeOf('anna'))).stdout
  }

  /** Until it says that it has joined: its process, which goes on. */
  const joins = async (text: string) => {
    const child = spawn('sh', ['-ec', `exec ${text.split('\n')[1]}`], {
      ...placeOf('anna'),
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += chunk
    })
    await until('Anna’s laptop has joined', () => said.includes('as "anna"'))
    return child.pid ?? assert.fail()
  }
})
