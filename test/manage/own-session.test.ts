import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { Driver } from '../../src/domain/driver.ts'
import type { Claims, Grant } from '../../src/domain/grant.ts'
import type { Store } from '../../src/domain/ports.ts'
import type { Session, SessionId } from '../../src/domain/session.ts'
import {
  closeSelf,
  firstCapability,
  openSelf,
  renewSelves,
  sessionByDescent,
} from '../../src/manage/own-session.ts'
import { readSelfFile, selfFileOf } from '../../src/manage/self-file.ts'
import { noon, sessionCalled } from '../support/drafts.ts'
import { openMemoryStore } from '../support/memory-store.ts'

let runDir: string
let store: Store
let deadTokens: Set<string>

const build = (about: Partial<Session> = {}) => sessionCalled('build' as SessionId, about)
const deps = () => ({
  paths: { root: '/the/home', runDir },
  store,
  clock: { now: () => noon, bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) },
  tokens: {
    mint: async ({ grant }: Claims) => `token-of-${grant}`,
    read: async (token: string) =>
      deadTokens.has(token)
        ? undefined
        : ({ session: 'build', grant: 'x', verb: 'mint_own' } as unknown as Claims),
  },
})
const grants = (): Promise<readonly Grant[]> => store.listGrants({ session: 'build' as SessionId })
const open = async (session: Session) => store.openSession(session, { replace: true })

beforeEach(async () => {
  runDir = await mkdtemp(join(tmpdir(), 'postern-self-'))
  store = openMemoryStore(() => noon)
  deadTokens = new Set()
})
afterEach(() => rm(runDir, { recursive: true }))

describe('openSelf', () => {
  it('writes one file for an opening, for its owner alone, and one grant', async () => {
    const session = build()
    await open(session)
    const path = await openSelf(deps(), session)
    assert.equal(await openSelf(deps(), session), path)
    const [grant, ...others] = await grants()
    assert.deepEqual(others, [])
    assert.deepEqual([grant?.verb, grant?.generation], ['mint_own', 'g1'])
    assert.deepEqual(await readSelfFile(path), {
      ...{ home: '/the/home', session: 'build', generation: 'g1' },
      token: `token-of-${grant?.id}`,
    })
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.deepEqual(await readdir(runDir), ['g1.self'])
  })
})

describe('closeSelf', () => {
  it('removes the file and revokes the grant of that opening alone', async () => {
    const [first, second] = [build(), build({ generation: 'g2' })]
    await open(first)
    await openSelf(deps(), first)
    await open(second)
    await openSelf(deps(), second)
    await closeSelf(deps(), first)
    assert.deepEqual(await readdir(runDir), ['g2.self'])
    const revoked = (await grants()).filter(({ revokedAt }) => revokedAt !== undefined)
    assert.deepEqual(
      revoked.map(({ generation }) => generation),
      ['g1'],
    )
  })
})

describe('renewSelves', () => {
  it('closes what belongs to no opening that lasts, and leaves the rest alone', async () => {
    const [first, second] = [build(), build({ generation: 'g2' })]
    await open(first)
    await openSelf(deps(), first)
    await open(second)
    await openSelf(deps(), second)
    await writeFile(selfFileOf(runDir, 'g3'), '{"half', { mode: 0o600 })
    await writeFile(join(runDir, 'server.json'), '{}')
    await renewSelves(deps())
    assert.deepEqual((await readdir(runDir)).sort(), ['g2.self', 'server.json'])
    await store.endSession(second.id, 'g2', { at: noon })
    await renewSelves(deps())
    assert.deepEqual(await readdir(runDir), ['server.json'])
    assert.deepEqual(
      (await grants()).map(({ revokedAt }) => revokedAt !== undefined),
      [true, true],
    )
  })

  it('renews a capability whose key counts no more, under the same name', async () => {
    const session = build()
    await open(session)
    const path = await openSelf(deps(), session)
    const before = await readSelfFile(path)
    deadTokens.add(before?.token ?? '')
    await renewSelves(deps())
    const after = await readSelfFile(path)
    assert.notEqual(after?.token, before?.token)
    const live = (await grants()).filter(({ revokedAt }) => revokedAt === undefined)
    assert.deepEqual(
      live.map(({ id }) => `token-of-${id}`),
      [after?.token],
    )
  })
})

describe('readSelfFile', () => {
  it('takes nothing that others can read, no link, and nothing that is not whole', async () => {
    const whole = JSON.stringify({ home: '/h', session: 's', generation: 'g', token: 't' })
    const [open, link, good] = ['open', 'link', 'good'].map((name) => selfFileOf(runDir, name))
    await writeFile(good ?? '', whole, { mode: 0o600 })
    await writeFile(open ?? '', whole, { mode: 0o644 })
    await symlink(good ?? '', link ?? '')
    await writeFile(selfFileOf(runDir, 'less'), '{"home":"/h","session":"s","generation":"g"}', {
      mode: 0o600,
    })
    const read = await Promise.all(
      ['good', 'open', 'link', 'less', 'none'].map((name) => readSelfFile(selfFileOf(runDir, name))),
    )
    assert.deepEqual(
      read.map((one) => one?.token),
      ['t', undefined, undefined, undefined, undefined],
    )
  })

  it('firstCapability passes over what is gone', async () => {
    await writeFile(selfFileOf(runDir, 'outer'), '{"home":"/h","session":"s","generation":"g","token":"t"}', {
      mode: 0o600,
    })
    const paths = [selfFileOf(runDir, 'inner'), selfFileOf(runDir, 'outer')]
    assert.equal((await firstCapability(paths))?.token, 't')
    assert.equal(await firstCapability(paths.slice(0, 1)), undefined)
  })
})

describe('sessionByDescent', () => {
  const carrier: Driver = {
    kind: 'carrier',
    summary: '',
    delivery: 'push',
    prepare: async (settings) => settings,
    carries: async ({ settings }, { pid, start }) => settings.pid === pid && start === 'now',
    connect: () => {
      throw new Error('nobody connects')
    },
  }
  const drivers = new Map([['carrier', carrier]])
  const at = (id: string, pid: number) =>
    sessionCalled(id as SessionId, { driver: 'carrier', settings: { pid } })
  const find = (...pids: readonly number[]) =>
    sessionByDescent({
      store,
      drivers,
      here: undefined,
      ancestors: pids.map((pid) => ({ pid, start: 'now' })),
    })

  it('finds the session of the nearest ancestor that carries one', async () => {
    await open(at('outer', 20))
    await open(at('inner', 30))
    assert.equal((await find(40, 30, 20))?.id, 'inner')
    assert.equal((await find(40, 20))?.id, 'outer')
    assert.equal(await find(40, 50), undefined)
  })

  it('finds no session that has ended, and no process that took its pid', async () => {
    await open(at('outer', 20))
    const ancestors = [{ pid: 20, start: 'later' }]
    assert.equal(await sessionByDescent({ store, drivers, here: undefined, ancestors }), undefined)
    await store.endSession('outer' as SessionId, 'g1', { at: noon })
    assert.equal(await find(20), undefined)
  })

  it('refuses to guess among several', async () => {
    await open(at('one', 20))
    await open(at('two', 20))
    await assert.rejects(find(20), {
      code: 'ambiguous',
      message: /several sessions \(one, two\)|\(two, one\)/,
    })
  })
})
