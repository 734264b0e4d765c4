import { existsSync } from 'node:fs'
import { reasonOf } from '../domain/error.ts'
import { type Home, homeAt } from '../domain/home.ts'
import { type HomeLook, type KeyFacts, troubleWithDatabase } from '../domain/home-state.ts'
import { troubleWithKeys } from '../domain/key-troubles.ts'
import { inspectHome } from '../store/inspect.ts'
import { lookAtPlace } from '../store/put-back.ts'
import { becomeOwner, troubleWithOwner } from './home-owner.ts'
import { joinedDoor } from './joined-door.ts'
import { commandKeys, marksOf } from './key-source.ts'
import { type ProcessDeps, storeDeps } from './local-home.ts'
import { keyFactsAmong } from './signing-keys.ts'

/** What is wrong with a home, what stands before the rest first, and what is to be made for it. Changes nothing. */
export async function lookAtHome(deps: ProcessDeps, root: string): Promise<HomeLook> {
  if (!existsSync(root)) return nothing
  const home = homeAt(root)
  try {
    becomeOwner(root)
    const owner = troubleWithOwner(home)
    if (owner) return { troubles: [owner] }
    if (joinedDoor(home)) return nothing
    const { postgres, ...place } = storeDeps(deps, home)
    if (postgres) return lookAtDatabase(deps, home, { ...place, postgres })
    const facts = inspectHome({ ...place, role: 'server' })
    const trouble = troubleWithDatabase(facts)
    if (trouble) return { troubles: [trouble] }
    return { troubles: typeof facts.database === 'string' ? [] : keyTroubles(deps, home, facts.database) }
  } catch (thrown) {
    return { troubles: [{ detail: reasonOf(thrown) }] }
  }
}

const nothing: HomeLook = { troubles: [] }

function lookAtDatabase(deps: ProcessDeps, home: Home, place: Parameters<typeof lookAtPlace>[0]): HomeLook {
  const { trouble, toMake, known = nothingKnown } = lookAtPlace(place)
  if (trouble) return { troubles: [trouble] }
  return { troubles: keyTroubles(deps, home, keyFactsAmong(known, home)), ...(toMake && { toMake }) }
}

const nothingKnown = { facts: { known: [], hasOpenGrants: false }, hosts: [] }

function keyTroubles({ clock, env }: ProcessDeps, home: Home, facts: KeyFacts) {
  const source = commandKeys(env, home)
  const trouble = troubleWithKeys(facts, marksOf(source), source.place, clock.now())
  return trouble ? [{ ...trouble, about: 'key_unusable' }] : []
}
