import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isPostgres, withFiles } from '../../../src/store/postgres/address.ts'
import { toPostgres } from '../../../src/store/postgres/dialect.ts'
import { inScratch } from '../../support/scratch-store.ts'

describe('the address of a store', () => {
  it('is one of PostgreSQL', () => {
    for (const good of ['postgres://db/postern', 'postgresql://a:b@[::1]:1/x'])
      assert.ok(isPostgres(good), good)
    for (const bad of ['', 'postern.db', 'mysql://db/x', 'postgres//db', 'postgres://['])
      assert.ok(!isPostgres(bad), bad)
  })

  it('takes its password from the first line of a password file that fits', () =>
    inScratch(async (dir) => {
      const passfile = join(dir, 'pgpass')
      writeFileSync(
        passfile,
        [
          '# nothing',
          'db:5433:x:me:other port',
          'db:5432:x:you:other user',
          'db:*:x:me:it\\:is\\\\this',
          '*:*:*:*:last',
        ].join('\n'),
      )
      const from = (address: string) => withFiles(`${address}?passfile=${passfile}&application_name=a`)
      assert.deepEqual(from('postgres://me@db/x'), {
        address: 'postgres://me@db/x?application_name=a',
        password: 'it:is\\this',
      })
      assert.equal(from('postgres://me@elsewhere/x').password, 'last')
      writeFileSync(passfile, '# as Windows writes it\r\ndb:5432:x:me:secret\r\n')
      assert.equal(from('postgres://me@db/x').password, 'secret')
    }))

  it('says which file cannot be read, and which has no line for it', () =>
    inScratch(async (dir) => {
      const passfile = join(dir, 'pgpass')
      writeFileSync(passfile, 'db:5432:x:me:secret\n')
      assert.throws(() => withFiles(`postgres://me@other/x?passfile=${passfile}`), {
        code: 'config_invalid',
        message: /no line for other/,
      })
      for (const member of ['passfile', 'sslrootcert'])
        assert.throws(() => withFiles(`postgres://me@db/x?${member}=${dir}/none`), {
          code: 'config_invalid',
          message: /Cannot read .*none/,
        })
    }))
})

describe('a statement of SQLite', () => {
  it('has its parameters numbered, but for what stands in quotes', () => {
    assert.equal(
      toPostgres(`SELECT '?', a FROM t WHERE b = ? AND c = ?2 AND d = '?''?' LIMIT ?3`),
      `SELECT '?', a FROM t WHERE b = $1 AND c = $2 AND d = '?''?' LIMIT $3`,
    )
  })
})
