import { Failure } from '../domain/error.ts'
import { type Grant, grantState, isOver, stateWord } from '../domain/grant.ts'
import { nearest } from '../domain/nearest.ts'
import type { DoorStore } from '../domain/ports.ts'

/** The one grant whose id begins so. Throws `usage`, `not_found` or `ambiguous`. */
export async function findGrant(store: Pick<DoorStore, 'listGrants'>, idOrPrefix: string): Promise<Grant> {
  if (!/^[0-9a-f]{4,16}$/.test(idOrPrefix))
    throw new Failure(
      'usage',
      `A grant id is 16 of 0-9 a-f; at least the first 4 of them, as far as only one grant has them.${await nearestGrant(store, idOrPrefix)}`,
    )
  const found = await store.listGrants({ idPrefix: idOrPrefix })
  const [grant] = found
  if (!grant) throw noSuchGrant(idOrPrefix, await nearestGrant(store, idOrPrefix))
  if (found.length > 1)
    throw new Failure(
      'ambiguous',
      `${found.length} grants begin with "${idOrPrefix}". Write more of the id.`,
      {
        plain: `${found.length} grants begin so. Write more of the id.`,
      },
    )
  return grant
}

export const noSuchGrant = (id: string, hint = ''): Failure =>
  new Failure('not_found', `There is no grant "${id}".${hint}`, { plain: `There is no such grant.${hint}` })

/** A grant about which something can still be changed. Throws `grant_over` for one that is revoked, expired or used up. */
export function requireGoing(grant: Grant, now: number): Grant {
  const state = grantState(grant, now)
  if (isOver(state))
    throw new Failure('grant_over', `The grant ${grant.id} is ${stateWord(state)}. Mint another one.`, {
      plain: `The grant is ${stateWord(state)}. Mint another one.`,
    })
  return grant
}

const mostCompared = 2000

/** ` Did you mean …?` of the newest grants: the one whose id begins nearly so, or whose label is nearly that. */
async function nearestGrant(store: Pick<DoorStore, 'listGrants'>, text: string): Promise<string> {
  const grants = (await store.listGrants({})).slice(0, mostCompared)
  const namesOf = ({ id, label }: Grant) => [
    id.slice(0, text.length),
    ...(label === undefined ? [] : [label]),
  ]
  const near = nearest(text, grants.flatMap(namesOf))
  const grant = near === undefined ? undefined : grants.find((one) => namesOf(one).includes(near))
  return grant ? ` Did you mean ${grant.id}${grant.label === undefined ? '' : ` (${grant.label})`}?` : ''
}
