import type { HomePlace, HomeTrouble, KeyFacts, KeyMark } from './home-state.ts'
import { type KeyPlace, keysVariable } from './key-variables.ts'

/** Whether the signing keys are those that this home's URLs were signed with; undefined when they are. */
export function troubleWithKeys(
  facts: KeyFacts,
  present: readonly KeyMark[],
  place: KeyPlace,
  now: number,
): HomeTrouble | undefined {
  const { elsewhere } = facts
  if (elsewhere !== undefined) return troubleAmongDoors({ ...facts, elsewhere }, present, place, now)
  const { known, hasOpenGrants } = facts
  const there = new Map(present.map(({ kid, fingerprint }) => [kid, fingerprint]))
  const foreign = known.find(({ kid, fingerprint }) => (there.get(kid) ?? fingerprint) !== fingerprint)
  const isGiven = place === keysVariable
  if (foreign)
    return {
      kind: 'keys_foreign',
      detail: `${isGiven ? `${foreign.kid} in ${place}` : `${place}/${foreign.kid}.key`} is another key than the one that this home's database knows.`,
      fix: `Put back the right one. If that is gone: ${newKeys(place)}. If this one is right: postern keys adopt`,
    }
  const gone = known.filter(
    ({ kid, retireAt }) => !there.has(kid) && (retireAt === undefined || retireAt > now),
  )
  if (!hasOpenGrants || (gone.length === 0 && present.length > 0)) return undefined
  const names = gone.map(({ kid }) => (isGiven ? kid : `${kid}.key`)).join(', ')
  return {
    kind: 'keys_missing',
    detail: `${names === '' ? 'The signing key' : names} is gone from ${place}, and there are URLs that need it.`,
    fix: `Put it back. If there is no copy: ${newKeys(place)}`,
  }
}

const newKeys = (place: KeyPlace): string =>
  place === keysVariable ? `unset ${place}, then postern keys new` : 'postern keys new'

/** What one door signs every other must be able to read: whether URLs are open does not matter. */
function troubleAmongDoors(
  { known, elsewhere }: Pick<Required<KeyFacts>, 'known' | 'elsewhere'>,
  present: readonly KeyMark[],
  place: KeyPlace,
  now: number,
): HomeTrouble | undefined {
  const there = new Map(present.map((key) => [key.kid, key]))
  const isForeign = ({ kid, fingerprint }: KeyMark) =>
    (there.get(kid)?.fingerprint ?? fingerprint) !== fingerprint
  const isGone = ({ kid, retireAt }: KeyMark) => !there.has(kid) && (retireAt === undefined || retireAt > now)
  // Else it would go on here after its time.
  const isUnretired = ({ kid, retireAt }: KeyMark) =>
    retireAt !== undefined && there.has(kid) && there.get(kid)?.retireAt === undefined
  const wrong = known.filter((key) => isForeign(key) || isGone(key) || isUnretired(key))
  if (wrong.length === 0) return undefined
  const names = wrong.map((key) => nameOf(key.kid, isUnretired(key) && !isForeign(key), place)).join(', ')
  const foreign = wrong.some(isForeign)
  return {
    kind: foreign ? 'keys_foreign' : 'keys_missing',
    detail:
      `Doors that share a store sign with the same keys: ${place} ` +
      (foreign ? `has others than they do (${names}).` : `lacks ${names}.`),
    fix: howToCopy(elsewhere, place),
  }
}

/** What one looks for: a file, or a part of the variable. */
const nameOf = (kid: string, isEnd: boolean, place: KeyPlace): string =>
  place === keysVariable ? `${isEnd ? 'the end of ' : ''}${kid}` : `${kid}.${isEnd ? 'retired' : 'key'}`

/** What makes the keys of a home those of the other doors. */
export function howToCopy(elsewhere: readonly HomePlace[], place: KeyPlace): string {
  const gone =
    elsewhere.length === 0
      ? `If that is gone for good: ${newKeys(place)}`
      : `If they are gone for good: postern hosts revoke NAME, then: ${newKeys(place)}`
  return `${place === keysVariable ? howToGive(elsewhere) : howToCopyFiles(elsewhere, place)} ${gone}`
}

const howToGive = (elsewhere: readonly HomePlace[]): string =>
  `Give it the value that postern keys export prints in ${homesText(elsewhere)}.`

const howToCopyFiles = (elsewhere: readonly HomePlace[], keysDir: string): string =>
  `Copy all *.key and *.retired, and admin.token, to ${keysDir} from ${homesText(elsewhere, '/keys')}, or set ${keysVariable} as it has it.`

const homesText = (homes: readonly HomePlace[], folder = ''): string =>
  homes.length === 0
    ? 'the home that has them'
    : homes.map(({ door, place }) => `${place}${folder} (door "${door}")`).join(', or ')
