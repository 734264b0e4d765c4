import assert from 'node:assert/strict'
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { hasStore } from '../../src/app/store-address.ts'
import { homeAt } from '../../src/domain/home.ts'
import { inScratch } from '../support/scratch-store.ts'

test('hasStore goes by what the server left, and by nothing that is planted in its place', () =>
  inScratch(async (root) => {
    const home = homeAt(root)
    assert.equal(hasStore({}, home), false)
    // Whoever completes a command line, or lists hooks, makes no home.
    assert.equal(hasStore({ POSTERN_STORE: 'postgres://db/x' }, homeAt(`${root}/none`)), false)
    mkdirSync(home.runDir, { mode: 0o700 })
    writeFileSync(home.serverFile, '{"store":"postgres://db/x"}', { mode: 0o600 })
    assert.equal(hasStore({}, home), true)
    renameSync(home.serverFile, `${root}/elsewhere`)
    symlinkSync(`${root}/elsewhere`, home.serverFile)
    assert.equal(hasStore({}, home), false)
    mkdirSync(home.keysDir, { mode: 0o700 })
    writeFileSync(home.doorFile, '{}', { mode: 0o600 })
    // What a machine that has joined a door has lies there.
    assert.equal(hasStore({}, home), true)
  }))
