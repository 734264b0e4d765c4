import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openStore } from '../../../src/store/sqlite.ts'
import { certify } from '../../support/certificates.ts'
import { currentPlatform } from '../../support/platform.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../../support/postgres.ts'

const entry = new URL('../../fixtures/store-thread.ts', import.meta.url).href
const skip = withoutPostgres()

let server: TestPostgres
let dir: string
before(async () => {
  if (skip) return
  dir = mkdtempSync(join(tmpdir(), 'postern-tls-'))
  server = await startPostgres(['ssl=on'], (data, own) => {
    certify(dir, data)
    for (const file of ['server.key', 'server.crt']) own(join(data, file))
    chmodSync(join(data, 'server.key'), 0o600)
    const rules = 'hostssl all secure 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n'
    writeFileSync(join(data, 'pg_hba.conf'), rules)
  })
  server.query(
    server.url,
    `CREATE ROLE secure LOGIN PASSWORD 'pa:ss'; CREATE SCHEMA store AUTHORIZATION secure`,
  )
})
after(async () => {
  await server?.stop()
  if (dir) rmSync(dir, { recursive: true })
})

const openAt = async (host: string, members: string, password = '') => {
  const { port } = new URL(server.url)
  const url = `postgres://secure${password && `:${password}`}@${host}:${port}/postgres?search_path=store&${members}`
  const store = await openStore({
    ...{ platform: await currentPlatform(), path: ':memory:', now: Date.now, role: 'server' },
    postgres: { url, entry },
  })
  await store.close()
}

const password = 'pa%3Ass'

describe('a connection to PostgreSQL by TLS', { skip, timeout: 120_000 }, () => {
  it('knows the server by its name and its signer, and takes its password from a file', async () => {
    const passfile = join(dir, 'pgpass')
    writeFileSync(passfile, 'localhost:*:postgres:secure:pa\\:ss\n', { mode: 0o600 })
    await openAt('localhost', `sslmode=verify-full&sslrootcert=${join(dir, 'ca.crt')}&passfile=${passfile}`)
  })

  it('is made without a look at the certificate where that is asked for', async () => {
    await openAt('127.0.0.1', 'sslmode=require', password)
    await openAt('127.0.0.1', `sslmode=verify-ca&sslrootcert=${join(dir, 'ca.crt')}`, password)
  })

  const refused: readonly (readonly [
    title: string,
    host: string,
    members: string,
    password: string,
    why: RegExp,
  ])[] = [
    ['another name', '127.0.0.1', 'sslmode=verify-full&sslrootcert=CA', password, /does not match/],
    ['an unknown signer', 'localhost', 'sslmode=verify-full', password, /certificate/],
    ['no TLS', 'localhost', '', password, /no encryption/],
    ['a wrong password', 'localhost', 'sslmode=require', 'guess', /password authentication failed/],
  ]
  for (const [title, host, members, given, why] of refused)
    it(`is refused for ${title}, without the password in the reason`, async () => {
      await assert.rejects(
        openAt(host, members.replace('CA', join(dir, 'ca.crt')), given),
        (thrown: Error) => {
          assert.match(thrown.message, why)
          assert.doesNotMatch(thrown.message, /pa%3Ass|pa:ss|guess/)
          return true
        },
      )
    })
})
