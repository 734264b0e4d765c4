import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { documentOf, posternOnPath, sectionIn, shell } from '../support/documents.ts'
import { freePort } from '../support/free-port.ts'
import { until } from '../support/hooks.ts'
import {
  authorityIn,
  caddyEnv,
  endCaddy,
  ended,
  noPrograms as skip,
  standIn,
  sudoScript,
  systemctlScript,
} from '../support/stand-ins.ts'

const fakeAgent = resolve(import.meta.dirname, '../fixtures/fake-tui.mjs')
const [, ...steps] = sectionIn(await documentOf('fleet.md'), 'One door, two laptops').split(/^### /m)
const machines = ['door', 'anna', 'ben'] as const
type Machine = (typeof machines)[number]

const wheres: ReadonlyMap<string, readonly Machine[]> = new Map([
  ['# at the door', ['door']],
  ['# on each laptop', ['anna', 'ben']],
  ["# on Anna's laptop", ['anna']],
  ["# on Ben's laptop", ['ben']],
])

const blockIn = (heading: string, index: number): string => {
  const step = steps.find((each) => each.startsWith(`${heading}\n`)) ?? assert.fail(heading)
  return [...step.matchAll(/^```sh\n(.*?)^```/gms)][index]?.[1] ?? assert.fail(`${heading}: ${index}`)
}

describe('one door and two laptops, block by block', { timeout: 120_000 }, () => {
  let folder: string
  let places: ReadonlyMap<string, string>
  const taught = new Set<string>()

  const homeOf = (machine: Machine) => join(folder, machine)
  const envOf = (machine: Machine) => ({
    ...{ HOME: homeOf(machine), LANG: 'C.UTF-8', FAKE_TUI_LOG: join(folder, `${machine}.heard`) },
    ...caddyEnv(folder),
    NODE_EXTRA_CA_CERTS: authorityIn(folder),
    PATH: `${join(folder, 'stand-ins')}:${process.env.PATH}`,
  })
  const here = (text: string) => [...places].reduce((all, [from, to]) => all.replaceAll(from, to), text)
  const taughtIn = (heading: string, index: number) => {
    const text = blockIn(heading, index)
    taught.add(text)
    return { text: here(text), on: wheres.get(text.split('\n', 1)[0] ?? '') ?? assert.fail(text) }
  }
  /** Runs the block where it says; what it prints there. */
  const paste = async (heading: string, index = 0) => {
    const { text, on } = taughtIn(heading, index)
    const ran = on.map((machine) => shell(text, { env: envOf(machine), cwd: homeOf(machine) }))
    return (await Promise.all(ran)).map(({ stdout, stderr }) => stdout + stderr).join('')
  }
  const postern = async (machine: Machine, args: string) => {
    const place = { env: envOf(machine), cwd: homeOf(machine) }
    return (await shell(`postern ${args}`, place)).stdout
  }
  const heard = (machine: Machine) => readFile(join(folder, `${machine}.heard`), 'utf8').catch(() => '')
  const hears = (machine: Machine, text: string) =>
    until(`${machine} hears ${text}`, async () => (await heard(machine)).includes(text) || undefined)
  const service = async (machine: Machine) =>
    Number(await readFile(join(homeOf(machine), 'service.pid'), 'utf8'))
  /** How many agents run there. */
  const agents = async (machine: Machine) => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
    const of = (pid: string, file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')
    const found = await Promise.all(
      pids.map(
        async (pid) =>
          (await of(pid, 'cmdline')).includes(fakeAgent) &&
          (await of(pid, 'environ')).split('\0').includes(`HOME=${homeOf(machine)}`),
      ),
    )
    return found.filter(Boolean).length
  }
  const isAway = (laptop: Machine) =>
    until(`${laptop} is away`, async () =>
      new RegExp(`^${laptop} +away`, 'm').test(await postern('door', 'hosts ls')) ? true : undefined,
    )

  before(async () => {
    if (skip) return
    folder = mkdtempSync(join(tmpdir(), 'postern-fleet-'))
    for (const machine of machines) await mkdir(homeOf(machine))
    const [https, http, port] = [await freePort(), await freePort(), await freePort()]
    places = new Map([
      ['hooks.example.com', `localhost:${https}`],
      ['127.0.0.1:7717', `127.0.0.1:${port}`],
      ['"port": 7717', `"port": ${port}`],
      ['/etc/caddy/Caddyfile', join(folder, 'Caddyfile')],
    ])
    const bin = await posternOnPath(join(folder, 'stand-ins'))
    await standIn(join(bin, 'claude'), `exec node '${fakeAgent}'`)
    await standIn(join(bin, 'systemctl'), systemctlScript)
    await standIn(join(bin, 'sudo'), sudoScript({ folder, https, http }))
  })

  after(async () => {
    if (skip) return
    await postern('anna', 'session end --all').catch(() => {})
    await postern('ben', 'session end --all').catch(() => {})
    for (const machine of ['anna', 'ben', 'door'] as const)
      await service(machine)
        .then(ended)
        .catch(() => {})
    await endCaddy(folder)
    rmSync(folder, { recursive: true, force: true })
  })

  it('has a door with a certificate, and a token for each laptop', { skip }, async () => {
    await paste('The door')
    const listed = await paste('The door', 1)
    assert.match(listed, /anna +waiting/)
    assert.match(listed, /ben +waiting/)
    for (const laptop of ['anna', 'ben'] as const)
      await copyFile(join(homeOf('door'), `${laptop}.token`), join(homeOf(laptop), 'door.token'))
    await paste('The door', 2)
  })

  it('lets the laptops join, by hand and then as services', { skip }, async () => {
    const { text, on } = taughtIn('The laptops join', 0)
    await Promise.all(on.map((laptop) => joinsByHand(laptop, text)))
    await paste('The laptops join', 1)
    await Promise.all([paste('The laptops join', 2), paste('The laptops join', 3)])
    const seen = await paste('The laptops join', 4)
    assert.match(seen, /build +pty +anna +live/)
    assert.match(seen, /docs +pty +ben +live/)
    assert.match(seen, /anna +there +1/)
    assert.match(await postern('anna', 'session ls'), /build/)
    assert.ok(!(await postern('anna', 'session ls')).includes('docs'))
  })

  it('brings a knock at the door to the agent on the laptop, whose session nobody takes', {
    skip,
  }, async () => {
    const taking = shell('postern run --session build --detach --replace -- claude', {
      ...{ env: envOf('ben'), cwd: homeOf('ben') },
    })
    const refused = assert.rejects(taking, /wait until that host is away/)
    const seen = await paste('A knock')
    await refused
    assert.equal(await agents('ben'), 1, 'no agent is left behind by what was refused')
    assert.match(seen, /"status":"delivered"/)
    assert.match(seen, /DELIVERED.*Deploy finished/)
    await hears('anna', 'Deploy finished: look at the logs.')
  })

  it('keeps what comes while a laptop is away', { skip }, async () => {
    assert.match(await paste('Away and back'), /"status":"buffered"/)
    await isAway('anna')
    assert.match(await postern('door', 'session ls'), /^build .*offline.*its host "anna" is away/m)
    await until('what waits says why', async () =>
      /PENDING.* offline .*Tests are green/.test(await postern('door', 'deliveries ls --session build'))
        ? true
        : undefined,
    )
    assert.ok(!(await heard('anna')).includes('Tests are green.'))
    await paste('Away and back', 1)
    await hears('anna', 'Tests are green.')
  })

  it('opens a session on the other laptop, with its URLs and what came for it', { skip }, async () => {
    for (const block of [0, 1]) await paste('To the other laptop', block)
    assert.match(await postern('ben', 'deliveries ls'), /Deploy finished/)
    assert.deepEqual([await agents('anna'), await agents('ben')], [0, 2])
    await knock('To Ben.')
    await hears('ben', 'To Ben.')
  })

  it('takes a session back from a laptop that sleeps, whose agent ends when that wakes', {
    skip,
  }, async () => {
    const asleep = await service('ben')
    process.kill(asleep, 'SIGSTOP')
    try {
      await isAway('ben')
      await paste('To the other laptop', 2)
    } finally {
      process.kill(asleep, 'SIGCONT')
    }
    await knock('To Anna.')
    await hears('anna', 'To Anna.')
    await until('the agent of build has ended', async () => (await agents('ben')) === 1 || undefined)
    assert.ok(!(await heard('ben')).includes('To Anna.'))
  })

  it('lets a laptop go; no block is left out', { skip }, async () => {
    await paste('Leave')
    assert.equal(await agents('ben'), 0)
    assert.match(await paste('Leave', 1), /ben +revoked/)
    const all = [...steps.join('').matchAll(/^```(\w+)\n(.*?)^```/gms)]
    const left = all.filter(([, , text = '']) => text.startsWith('# ') && !taught.has(text))
    assert.deepEqual(left, [])
    assert.ok(taught.size > 10)
  })

  /** Until it says that it has joined; then ^C. */
  const joinsByHand = async (laptop: Machine, text: string) => {
    const child = spawn('sh', ['-ec', text], {
      ...{ env: envOf(laptop), cwd: homeOf(laptop), detached: true },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const over = new Promise((done) => child.once('close', done))
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += chunk
    })
    try {
      await until(`${laptop} joined`, async () => said.includes(`as "${laptop}"`) || undefined)
    } finally {
      process.kill(-(child.pid ?? assert.fail()), 'SIGINT')
    }
    await over
    assert.match(said, /^Joined https:\/\//)
    assert.ok(!said.includes('door.away'), said)
  }

  const knock = async (message: string) =>
    shell(`curl -fsS "$(cat build.url)" -H 'Content-Type: application/json' -d '{"message":"${message}"}'`, {
      env: envOf('anna'),
      cwd: homeOf('anna'),
    })
})
