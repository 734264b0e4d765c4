import { existsSync } from 'node:fs'
import { reasonOf } from '../domain/error.ts'
import { type Home, homeAt } from '../domain/home.ts'
import { type KeyFacts, type ReportedTrouble, troubleWithDatabase } from '../domain/home-state.ts'
import { troubleWithKeys } from '../domain/key-troubles.ts'
import { shownAddress } from '../domain/shown-address.ts'
import { inspectHome } from '../store/inspect.ts'
import { lookAtPlace } from '../store/put-back.ts'
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
      const { trouble, lacking } = lookAtPlace({ ...place, postgres })
      if (trouble) return [trouble]
      const facts = lacking ? nothingKnown : await withStore(deps, home, (store) => keyFactsOf(store, home))
      return keyTroubles(deps, home, facts)
    }
    const facts = inspectHome({ ...place, role: 'server' })
    const trouble = troubleWithDatabase(facts)
    if (trouble || typeof facts.database === 'string') return trouble ? [trouble] : []
    return keyTroubles(deps, home, facts.database)
  } catch (thrown) {
    return [{ detail: reasonOf(thrown) }]
  }
}

const nothingKnown: KeyFacts = { known: [], hasOpenGrants: false }

/** What a server has yet to make of the database that a home's store lies in, and how; undefined where it has. Changes nothing. */
export async function storeToMake(deps: ProcessDeps, root: string): Promise<ReportedTrouble | undefined> {
  const home = homeAt(root)
  if (!existsSync(root) || joinedDoor(home)) return undefined
  const { postgres, ...place } = storeDeps(deps, home)
  const lacking = postgres && lookAtPlace({ ...place, postgres }).lacking
  return lacking && toMake[lacking](shownAddress(postgres.url))
}

const toMake = {
  all: (address: string) => ({
    detail: `${address} is empty: nothing is stored there yet`,
    fix: 'postern serve makes the tables',
  }),
  newer: (address: string) => ({
    detail: `${address} has the tables of an earlier version`,
    fix: 'stop every server of that version; then postern serve brings them up to date',
  }),
}

function keyTroubles({ clock, env }: ProcessDeps, home: Home, facts: KeyFacts) {
  const source = commandKeys(env, home)
  const trouble = troubleWithKeys(facts, marksOf(source), source.place, clock.now())
  return trouble ? [{ ...trouble, about: 'key_unusable' }] : []
}
