import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')

/** Puts the installed packages into a folder, as npm leaves them: what lies elsewhere is named in a build by the way to it. */
export function copyPackages(folder: string): void {
  const copied = (...how: string[]) =>
    spawnSync('cp', ['-a', ...how, join(root, 'node_modules'), folder]).status === 0
  // Their files need not be there twice, where both lie on one disk.
  assert.ok(copied('--link') || copied())
}
