import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Code } from '../../../src/domain/error.ts'
import { Failure } from '../../../src/domain/error.ts'
import type { Store } from '../../../src/domain/ports.ts'
import { noon } from '../../support/drafts.ts'

export interface StoreHarness {
  readonly name: string
  /** Two handles on one new and empty store, as two processes have them. */
  open(now: () => number): Promise<OpenStores>
}

interface OpenStores {
  readonly store: Store
  readonly other: Store
  /** Closes both and removes what is left. */
  close(): Promise<void>
}

export interface Bench extends OpenStores {
  /** Unix milliseconds; moved by hand. */
  now: number
}

export type Check = (title: string, act: (bench: Bench) => Promise<void>) => void

export const checking =
  (harness: StoreHarness): Check =>
  (title, act) => {
    test(`${harness.name}: ${title}`, async () => {
      const clock = { now: noon }
      const opened = await harness.open(() => clock.now)
      const bench: Bench = Object.assign(clock, opened)
      try {
        await act(bench)
      } finally {
        await opened.close()
      }
    })
  }

export async function refuses(code: Code, act: Promise<unknown>): Promise<void> {
  await assert.rejects(act, (thrown) => {
    assert.ok(thrown instanceof Failure, String(thrown))
    assert.equal(thrown.code, code)
    return true
  })
}
