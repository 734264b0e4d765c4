import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { watchWrites } from '../../src/store/write-watch.ts'

const never = 2 ** 30
const going = new AbortController().signal

describe('watchWrites', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-write-watch-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('asks for a look when the log is written, and for more until the transaction shows', async () => {
    const file = join(folder, 'written.db')
    writeFileSync(`${file}-wal`, '')
    const watched = watchWrites(file, never)
    const look = watched.nextLook(going)
    appendFileSync(`${file}-wal`, 'a frame')
    assert.equal(await look, undefined)
    assert.equal(await watched.nextLook(going), undefined)
    watched.close()
  })

  it('asks for a look now and then where nothing reports a write', async () => {
    const watched = watchWrites(join(folder, 'not-there', 'some.db'), 1)
    assert.equal(await watched.nextLook(going), undefined)
    watched.close()
  })

  it('lets go when it is aborted', async () => {
    const watched = watchWrites(join(folder, 'still.db'), never)
    const stopping = new AbortController()
    const look = watched.nextLook(stopping.signal)
    stopping.abort()
    assert.equal(await look, undefined)
    assert.equal(await watched.nextLook(stopping.signal), undefined)
    watched.close()
  })
})
