import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { createFactsPublisher, doorFacts } from '../../src/app/door-facts.ts'
import { keySource } from '../../src/app/key-source.ts'
import { openKeys, rotateKeys } from '../../src/auth/keys.ts'
import { loadConfig } from '../../src/config/load.ts'
import { homeAt } from '../../src/domain/home.ts'
import { doorMark, parseHostName } from '../../src/domain/host.ts'
import type { Store } from '../../src/domain/ports.ts'
import { createMemoryState, openMemoryStore } from '../support/memory-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-facts-'))
after(() => rmSync(folder, { recursive: true }))

const secrets = {
  shared: 'shared-secret-of-the-test-1',
  github: 'github-secret-of-the-test-2',
  file: 'file-secret-of-the-test-3',
}
const document = {
  webhooks: {
    enabled: true,
    secret: secrets.shared,
    hooks: {
      github: {
        ...{ messageTemplate: 'x', path: '/api/hooks/github' },
        verify: { scheme: 'github', secret: [{ env: 'GITHUB_SECRET' }, { file: 'old.secret' }] },
      },
    },
  },
}

const home = homeAt(join(folder, 'home'))
mkdirSync(dirname(home.configFile), { recursive: true })
writeFileSync(join(dirname(home.configFile), 'old.secret'), `${secrets.file}\n`)

const now = () => 1_800_000_000_000

async function depsOf(written: object = document, github = secrets.github) {
  writeFileSync(home.configFile, JSON.stringify(written))
  const env = { GITHUB_SECRET: github }
  const config = await loadConfig({ home, env, flags: {} })
  const keys = openKeys(home.keysDir, { now })
  return {
    home,
    env,
    config: () => config,
    keys,
    source: keySource(env, home),
    adminToken: () => 'the-token-of-the-admin',
    version: '1',
    now,
  }
}

describe('doorFacts', () => {
  it('names what doors have in common, and shows nothing of it', async () => {
    const facts = await doorFacts(await depsOf())
    assert.deepEqual(Object.keys(facts.secrets).sort(), [
      'GITHUB_SECRET',
      'hook "github"',
      'old.secret',
      'the admin token',
      'webhooks.secret',
    ])
    assert.ok(facts.settings['hook "github"'] && facts.settings.limits && facts.settings['server.publicUrl'])
    const text = JSON.stringify(facts)
    for (const secret of [...Object.values(secrets), 'the-token-of-the-admin'])
      assert.ok(!text.includes(secret))
    assert.deepEqual(facts, await doorFacts(await depsOf()))
  })

  it('changes with what changes, and with nothing else', async () => {
    const before = await doorFacts(await depsOf())
    const after = await doorFacts(await depsOf(document, 'github-secret-of-the-test-4'))
    const changed = Object.keys(before.secrets).filter((name) => before.secrets[name] !== after.secrets[name])
    assert.deepEqual(changed.sort(), ['GITHUB_SECRET', 'hook "github"'])
    assert.deepEqual(after.settings, before.settings)
    const limited = await doorFacts(await depsOf({ ...document, limits: { knocksPerMinute: 7 } }))
    assert.deepEqual(limited.secrets, before.secrets)
    assert.deepEqual(
      Object.keys(before.settings).filter((name) => before.settings[name] !== limited.settings[name]),
      ['limits'],
    )
  })
})

function sharedStore(): Store {
  const store = openMemoryStore(now, createMemoryState())
  return { ...store, keyFacts: async () => ({ ...(await store.keyFacts()), isShared: true }) }
}

describe('createFactsPublisher', () => {
  it('tells what changed, and the log once that the keys are not those of the others any more', async () => {
    const store = sharedStore()
    let told = 0
    const logged: [string, unknown][] = []
    const deps = await depsOf()
    const tell = createFactsPublisher({
      ...deps,
      steady: { now },
      name: parseHostName('left'),
      store: {
        ...store,
        rememberDoor: async (...door) => {
          told += 1
          await store.rememberDoor(...door)
        },
      },
      log: (_, event, fields) => logged.push([event, fields]),
    })
    await tell()
    await tell()
    assert.equal(told, 1)
    const { facts } = (await store.listDoors())[0] ?? assert.fail()
    assert.deepEqual(facts, await doorFacts(deps))
    await store.addHost(parseHostName('right'), doorMark('b.example:/b'), now())
    await store.attachHost(parseHostName('right'), now(), now() + 1)
    await store.rememberKeys([...facts.keys, { kid: 'ff', fingerprint: 'f' }])
    await tell()
    await tell()
    assert.deepEqual(
      logged.map(([event]) => event),
      ['keys.differ'],
    )
    assert.match(JSON.stringify(logged), /lacks ff\.key.*from b\.example:\/b\/keys/)
    rotateKeys(home.keysDir, 1000, now())
    await tell()
    assert.equal(told, 2)
  })

  it('tells the log once, and again when it is so again, that another door has another secret', async () => {
    const store = sharedStore()
    const logged: string[] = []
    const [left, right] = [parseHostName('left'), parseHostName('right')]
    for (const door of [left, right]) {
      await store.addHost(door, doorMark(`${door}.example:/x`), now())
      await store.attachHost(door, now(), now() + 1)
    }
    const deps = await depsOf()
    const tell = createFactsPublisher({
      ...{ ...deps, steady: { now }, name: left, store },
      log: (_, event, fields) => logged.push(`${event} ${JSON.stringify(fields)}`),
    })
    // No key of this test's home is known to the store: that is another matter.
    const facts = await doorFacts(deps)
    const other = { ...facts, secrets: { ...facts.secrets, GITHUB_SECRET: 'other' } }
    for (const each of [other, other, facts, other]) {
      await store.rememberDoor(right, each)
      await tell()
    }
    assert.equal(logged.length, 2)
    assert.match(logged[0] ?? '', /^doors\.differ .*another value for the secret GITHUB_SECRET/)
  })
})
