import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { chmod, copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { binary, cli, scratchHome, serve } from '../support/binary.ts'
import { insertOld, oldDatabase } from '../support/old-database.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'

// A home that moves from its file into PostgreSQL, and a database that is put back there.

const skip = withoutPostgres()
let database: TestPostgres
before(async () => {
  if (!skip) database = await startPostgres()
})
after(() => database?.stop())

async function knock(url: string, message: string, key?: string): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      prefer: 'wait=0',
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    body: JSON.stringify({ message }),
  })
  return { status: answer.status, body: await answer.json() }
}

async function json<T>(args: readonly string[], home: string): Promise<T> {
  const { stdout, stderr, code } = await cli([...args, '--json'], { home })
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as T
}

interface Listed {
  readonly id: string
  readonly message: string
  readonly state: string
  readonly failedStep?: string
}

const mint = async (home: string, ...args: string[]): Promise<string> =>
  (await cli(['expose', '--quiet', ...args], { home })).stdout.trim()

const pathOf = (url: string): string => new URL(url).pathname

/** A home with something of everything that a command or a knock can make. */
async function usedHome() {
  const home = await scratchHome()
  const preferences = join(home, 'preferences')
  await mkdir(preferences, { recursive: true, mode: 0o700 })
  writeFileSync(
    join(preferences, 'webhooks.json'),
    JSON.stringify({
      webhooks: {
        enabled: true,
        secret: 'a secret of sixteen',
        hooks: { news: { name: 'news', path: '/api/hooks/news', messageTemplate: '{{text}}', active: true } },
      },
    }),
    { mode: 0o600 },
  )
  const server = await serve(home)
  await cli(['session', 'add', 'echo', '--driver', 'command', '--', 'cat'], { home })
  const [url, revoked, paused] = [
    await mint(home, '--session', 'default'),
    await mint(home, '--session', 'default', '--label', 'gone'),
    await mint(home, '--session', 'echo'),
  ]
  const first = await knock(server.url + pathOf(url), 'first', 'key of the first')
  assert.equal(first.status, 202)
  await knock(server.url + pathOf(paused), 'through an agent')
  await knock(server.url + pathOf(revoked), 'before it was revoked')
  const [{ id = '' } = {}] = (await json<{ id: string; label?: string }[]>(['ls'], home)).filter(
    ({ label }) => label === 'gone',
  )
  await cli(['revoke', id], { home })
  assert.equal((await knock(server.url + pathOf(revoked), 'after')).status, 403)
  await cli(['pause', '--session', 'echo'], { home })
  await cli(['hosts', 'add', 'laptop'], { home })
  assert.equal((await knock(server.url + pathOf(paused), 'waits for a person')).status, 202)
  const hook = await fetch(`${server.url}/api/hooks/news`, {
    method: 'POST',
    headers: { authorization: 'Bearer a secret of sixteen', 'content-type': 'application/json' },
    body: JSON.stringify({ text: 'by a hook \u{f8fe} 👩‍💻' }),
  })
  assert.ok(hook.ok)
  return { home, server, url, revoked, firstBody: first.body as { deliveryId: string } }
}

interface Copied {
  readonly to: string
  readonly kept: boolean
  readonly tables: readonly { readonly name: string; readonly same: boolean; readonly to: { rows: number } }[]
}

describe('postern store copy', { skip, timeout: 120_000 }, () => {
  it('moves a home that is in use, and a server goes on there', async () => {
    const { home, server, url, revoked, firstBody } = await usedHome()
    const address = database.newSchema()
    const copy = ['store', 'copy', '--to', address]
    const early = await cli(copy, { home })
    assert.deepEqual(
      [early.code, /Another postern serves this home/.test(early.stderr)],
      [1, true],
      early.stderr,
    )
    await server.stop()
    const before = await json<Listed[]>(['deliveries', 'ls'], home)
    const file = readFileSync(join(home, 'postern.db'))

    const { code, stdout, stderr } = await cli(
      [...copy.slice(0, -1), address.replace('postgres@', 'postgres:s3cret@')],
      {
        home,
      },
    )
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^TABLE +ROWS +SHA-256 +READ BACK\n/)
    assert.match(stdout, /\ndeliveries +5 +[0-9a-f]{16} +the same\n/)
    assert.match(stderr, /Everything is in postgres:.*postern\.db stays as it is/)
    assert.match(stderr, /"store" in .*webhooks\.json, or in POSTERN_STORE/)
    assert.doesNotMatch(stdout + stderr, /s3cret/)
    assert.deepEqual(readFileSync(join(home, 'postern.db')), file)
    const again = await cli(copy, { home })
    assert.deepEqual(
      [again.code, /a store of Postern with 5 messages/.test(again.stderr)],
      [2, true],
      again.stderr,
    )

    const moved = await serve(home, { env: { POSTERN_STORE: address } })
    assert.deepEqual(await json<Listed[]>(['deliveries', 'ls'], home), before)
    const name = readFileSync(join(home, 'name'), 'utf8').trim()
    assert.equal(database.query(address, `SELECT host FROM sessions WHERE id = 'echo'`), name)
    assert.match(
      database.query(address, `SELECT name || ' ' || epoch FROM hosts WHERE token_hash LIKE 'door%'`),
      /^\S+ 1$/,
    )
    assert.deepEqual((await knock(moved.url + pathOf(url), 'first', 'key of the first')).body, firstBody)
    assert.equal((await knock(moved.url + pathOf(url), 'a new one')).status, 202)
    assert.equal((await knock(moved.url + pathOf(revoked), 'still')).status, 403)
    await cli(['resume', '--session', 'echo'], { home })
    const waited = async () =>
      (await json<Listed[]>(['deliveries', 'ls'], home)).find(
        ({ message }) => message === 'waits for a person',
      )
    for (let i = 0; i < 100 && (await waited())?.state !== 'DELIVERED'; i++)
      await new Promise((resolve) => setTimeout(resolve, 100))
    assert.equal((await waited())?.state, 'DELIVERED')
    assert.equal(await moved.stop(), 0)
    const there = await cli(['store', 'copy', '--to', database.newSchema()], { home })
    assert.deepEqual([there.code, /lies in postgres:.*pg_dump/.test(there.stderr)], [2, true], there.stderr)
  })

  it('that is killed in the middle leaves nothing, and can be tried again', async () => {
    const { home, server } = await usedHome()
    await server.stop()
    const address = database.newSchema()
    const tables = () =>
      database.query(address, `SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()`)
    const schema = new URL(address).searchParams.get('search_path')
    const inserting = () =>
      Number(
        database.query(
          database.url,
          `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'postern' AND query LIKE '%INTO "deliveries"%'`,
        ),
      )
    // Each row takes its time.
    database.query(
      database.url,
      `CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END $$;
       CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
         IF EXISTS (SELECT 1 FROM pg_event_trigger_ddl_commands() WHERE object_identity = '${schema}.deliveries') THEN
           CREATE TRIGGER dawdling BEFORE INSERT ON ${schema}.deliveries FOR EACH ROW EXECUTE FUNCTION public.dawdle();
         END IF; END $$;
       CREATE EVENT TRIGGER watching ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION watch()`,
    )
    const [program, ...args] = binary()
    const child = spawn(program, [...args, '--home', home, 'store', 'copy', '--to', address], {
      stdio: 'ignore',
    })
    const gone = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)))
    while (inserting() === 0) assert.equal(child.exitCode, null, 'it was too fast to be killed')
    child.kill('SIGKILL')
    assert.equal(await gone, 'SIGKILL')
    database.query(database.url, 'DROP EVENT TRIGGER watching')
    while (inserting() > 0) await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(tables(), '0')
    const { to, kept, tables: copied } = await json<Copied>(['store', 'copy', '--to', address], home)
    assert.deepEqual([to, kept, copied.every(({ same }) => same)], [address, true, true])
  })

  it('takes along a file of an older version', async () => {
    const home = await scratchHome()
    await mkdir(home, { recursive: true, mode: 0o700 })
    const now = Date.now()
    let id = ''
    await oldDatabase(join(home, 'postern.db'), (old) => {
      id = insertOld(old, 1, now, { message: 'from before' })
    })
    const address = database.newSchema()
    const { code, stderr } = await cli(['store', 'copy', '--to', address], { home })
    assert.equal(code, 0, stderr)
    assert.match(stderr, /^The database was upgraded; as it was before it lies in .*postern\.db\.schema-1-/)
    const { stdout } = await cli(['deliveries', 'show', id, '--json'], {
      home,
      env: { POSTERN_STORE: address },
    })
    assert.equal(JSON.parse(stdout).message, 'from before')
  })

  it('says what is wrong, and leaves the home as it is', async () => {
    const home = await scratchHome()
    for (const [to, expected, code] of [
      ['mysql://db/x', /--to takes an address such as postgres:/, 2],
      [database.newSchema(), /Nothing is stored in/, 2],
    ] as const) {
      const ran = await cli(['store', 'copy', '--to', to], { home })
      assert.deepEqual([ran.code, expected.test(ran.stderr)], [code, true], ran.stderr)
    }
    await cli(['ls'], { home })
    const ran = await cli(['store', 'copy', '--to', 'postgres://me:s3cret@127.0.0.1:9/x'], { home })
    assert.equal(ran.code, 1)
    assert.match(ran.stderr, /Nothing was copied to postgres:\/\/me@127\.0\.0\.1:9\/x: /)
    assert.doesNotMatch(ran.stderr, /s3cret/)
    assert.ok(readdirSync(home).includes('postern.db'))
  })
})

describe('an older database that is put back', { skip, timeout: 120_000 }, () => {
  it('is refused by every command and the server until it is accepted; a revoked URL stays revoked', async () => {
    const home = await scratchHome()
    const address = database.newSchema()
    const env = { POSTERN_STORE: address }
    let server = await serve(home, { env })
    const [url, revoked] = [
      await mint(home, '--session', 'default'),
      await mint(home, '--session', 'default', '--label', 'gone'),
    ]
    await knock(server.url + pathOf(url), 'before')
    const dump = database.dump(address)
    const [{ id = '' } = {}] = (await json<{ id: string; label?: string }[]>(['ls'], home)).filter(
      ({ label }) => label === 'gone',
    )
    await cli(['revoke', id], { home })
    await knock(server.url + pathOf(url), 'after')
    database.putBack(address, dump)
    // Under a server that runs nothing is written to it.
    assert.equal((await knock(server.url + pathOf(url), 'meanwhile')).status, 503)
    await server.stop()

    const ls = await cli(['ls'], { home, env })
    assert.equal(ls.code, 1)
    assert.match(ls.stderr, /lacks the newest \d+ transactions .*postern restore --accept-loss/)
    const doctor = await cli(['doctor'], { home, env })
    assert.match(doctor.stdout, /home +bad .*lacks the newest/)
    await assert.rejects(serve(home, { env }))
    const accepted = await cli(['restore', '--accept-loss'], { home, env })
    assert.equal(accepted.code, 0, accepted.stderr)
    assert.match(
      accepted.stderr,
      /lacks the newest.*\n1 message unfinished in the backup is FAILED \(restored\)/,
    )
    const twice = await cli(['restore', '--accept-loss'], { home, env })
    assert.deepEqual([twice.code, /Nothing is known to be lost/.test(twice.stderr)], [2, true], twice.stderr)

    server = await serve(home, { env })
    assert.equal((await knock(server.url + pathOf(revoked), 'again')).status, 403)
    assert.equal((await knock(server.url + pathOf(url), 'again')).status, 202)
    const listed = await json<Listed[]>(['deliveries', 'ls'], home)
    assert.deepEqual(
      listed.map(({ message, state, failedStep }) => [message, state, failedStep ?? undefined]),
      [
        ['again', 'PENDING', undefined],
        ['before', 'FAILED', 'restored'],
      ],
    )
    assert.equal(await server.stop(), 0)
  })

  it('is accepted once for all doors; what another one has revoked it revokes as it starts', async () => {
    const [one, two] = [await scratchHome(), await scratchHome()]
    const env = { POSTERN_STORE: database.newSchema() }
    let first = await serve(one, { env })
    const url = await mint(one, '--session', 'default', '--label', 'gone')
    const [{ id = '' } = {}] = await json<{ id: string }[]>(['ls'], one)
    const open = await mint(one, '--session', 'default')
    await mkdir(join(two, 'keys'), { recursive: true, mode: 0o700 })
    await chmod(two, 0o700)
    for (const key of readdirSync(join(one, 'keys')).filter((file) => file.endsWith('.key')))
      await copyFile(join(one, 'keys', key), join(two, 'keys', key))
    let second = await serve(two, { env })
    const dump = database.dump(env.POSTERN_STORE)
    await cli(['revoke', id], { home: two })
    assert.equal((await knock(first.url + pathOf(url), 'revoked')).status, 403)
    assert.equal(await second.stop(), 0)
    const newest = () =>
      Number(database.query(env.POSTERN_STORE, `SELECT n FROM tallies WHERE kind = 'commits'`))
    const mark = join(
      one,
      'keys',
      readdirSync(join(one, 'keys')).find((file) => file.startsWith('mark-')) ?? '',
    )
    while (Number(readFileSync(mark, 'utf8').split(' ')[1]) < newest())
      await new Promise((resolve) => setTimeout(resolve, 50))
    database.putBack(env.POSTERN_STORE, dump)
    assert.equal((await knock(first.url + pathOf(open), 'meanwhile')).status, 503)
    // The server that had it open does not go on, before another home accepts it or after.
    const { code, stderr } = await cli(['restore', '--accept-loss'], { home: two, env })
    assert.equal(code, 0, stderr)
    assert.equal((await knock(first.url + pathOf(open), 'meanwhile')).status, 503)
    await first.stop()
    first = await serve(one, { env })
    second = await serve(two, { env })
    for (const { url: door } of [first, second])
      assert.deepEqual(
        [
          (await knock(door + pathOf(url), 'again')).status,
          (await knock(door + pathOf(open), 'again')).status,
        ],
        [403, 202],
      )
    for (const server of [first, second]) assert.equal(await server.stop(), 0)
  })
})
