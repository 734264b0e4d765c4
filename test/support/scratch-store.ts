import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '../../src/domain/ports.ts'
import { openStore } from '../../src/store/sqlite.ts'
import { noon } from './drafts.ts'
import { currentPlatform } from './platform.ts'

/** A directory of its own for one test; gone when it is over. */
export async function inScratch(act: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'postern-store-'))
  try {
    await act(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

export interface Opening {
  readonly role?: 'server' | 'client'
  readonly now?: () => number
  readonly revokedFile?: string
  readonly chance?: () => Uint8Array
}

export const openScratchStore = async (
  path: string,
  { role = 'server', now = () => noon, ...others }: Opening = {},
): Promise<Store> => openStore({ platform: await currentPlatform(), path, role, now, ...others })

/** Two handles on one new store in a directory of its own, for the suite of all stores. */
export const openTwoHandles = async (
  open: (path: string) => Promise<Store>,
  openOther: (path: string) => Promise<Store>,
) => {
  const dir = await mkdtemp(join(tmpdir(), 'postern-store-'))
  const path = join(dir, 'postern.db')
  const store = await open(path)
  const other = await openOther(path)
  return {
    store,
    other,
    close: async () => {
      await other.close()
      await store.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
