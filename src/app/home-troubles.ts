import { existsSync } from 'node:fs'
import { reasonOf } from '../domain/error.ts'
import { type Home, homeAt } from '../domain/home.ts'
import { type KeyFacts, type ReportedTrouble, troubleWithDatabase } from '../domain/home-state.ts'
import { troubleWithKeys } from '../domain/key-troubles.ts'
import { inspectHome } from '../store/inspect.ts'
import { troubleWithPlace } from '../store/put-back.ts'
import { becomeOwner, troubleWithOwner } from './home-owner.ts'
import { joinedDoor } from './joined-door.ts'
import { commandKeys, marksOf } from './key-source.ts'
import { type ProcessDeps, storeDeps, withStore } from './local-home.ts'
import { keyFactsOf } from './signing-keys.ts'

/** Why a home is not to be used as it is, what stands before the rest first. Changes nothing. */
export async function troublesOf(deps: ProcessDeps, root: string): Promise<readonly ReportedTrouble[]> {
  if (!existsSync(root)) return []
  const home = homeAt(root)
  try {
    becomeOwner(root)
    const owner = troubleWithOwner(home)
    if (owner) return [owner]
    if (joinedDoor(home)) return []
    const { postgres, ...place } = storeDeps(deps, home)
    if (postgres) {
      const era = troubleWithPlace({ ...place, postgres })
      if (era) return [era]
      return keyTroubles(deps, home, await withStore(deps, home, (store) => keyFactsOf(store, home)))
    }
    const facts = inspectHome({ ...place, role: 'server' })
    const trouble = troubleWithDatabase(facts)
    if (trouble || typeof facts.database === 'string') return trouble ? [trouble] : []
    return keyTroubles(deps, home, facts.database)
  } catch (thrown) {
    return [{ detail: reasonOf(thrown) }]
  }
}

function keyTroubles({ clock, env }: ProcessDeps, home: Home, facts: KeyFacts) {
  const source = commandKeys(env, home)
  const trouble = troubleWithKeys(facts, marksOf(source), source.place, clock.now())
  return trouble ? [{ ...trouble, about: 'key_unusable' }] : []
}
