import { existsSync } from 'node:fs'
import { keyMarksIn } from '../auth/keys.ts'
import { reasonOf } from '../domain/error.ts'
import { homeAt } from '../domain/home.ts'
import { troubleWithDatabase, troubleWithKeys } from '../domain/home-state.ts'
import { inspectHome } from '../store/inspect.ts'
import { becomeOwner, troubleWithOwner } from './home-owner.ts'
import { type ProcessDeps, storeDeps } from './local-home.ts'

/** Why a home is not to be used as it is, what stands before the rest first. Changes nothing. */
export function troublesOf(
  deps: ProcessDeps,
  root: string,
): readonly { readonly detail: string; readonly fix?: string }[] {
  if (!existsSync(root)) return []
  const home = homeAt(root)
  try {
    becomeOwner(root)
    const owner = troubleWithOwner(home)
    if (owner) return [owner]
    const facts = inspectHome({ ...storeDeps(deps, home), role: 'server' })
    const trouble = troubleWithDatabase(facts)
    if (trouble || typeof facts.database === 'string') return trouble ? [trouble] : []
    const { keysDir } = home
    const keys = troubleWithKeys(facts.database, keyMarksIn(keysDir), keysDir, deps.clock.now())
    return keys ? [keys] : []
  } catch (thrown) {
    return [{ detail: reasonOf(thrown) }]
  }
}
