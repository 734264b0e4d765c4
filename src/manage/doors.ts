import { adminTokenName, type Door, type DoorFacts } from '../domain/door.ts'
import type { HomePlace } from '../domain/home-state.ts'
import { doorsAmong, type Host, type HostName, hostState, placeOfDoor } from '../domain/host.ts'
import { howToCopy } from '../domain/key-troubles.ts'
import { adminTokenVariable } from '../domain/key-variables.ts'

/** A door, where its home lies, and what it told of itself. */
export interface DoorWithFacts extends HomePlace {
  readonly facts: DoorFacts
}

/** Of doors that may share the store: as that one told of itself, and the others that are there. `now` by the store's clock. */
export function doorsBeside(
  own: HostName | undefined,
  hosts: readonly Host[],
  told: readonly Door[],
  now: number,
): { readonly own: DoorWithFacts | undefined; readonly others: readonly DoorWithFacts[] } {
  const doors = doorsAmong(hosts)
  return {
    own: doors.flatMap((host) => (host.name === own ? withFacts(host, told) : []))[0],
    others: doors.flatMap((host) =>
      host.name !== own && hostState(host, now) === 'there' ? withFacts(host, told) : [],
    ),
  }
}

/** Nothing of one that has told nothing yet. */
const withFacts = (host: Host, told: readonly Door[]): readonly DoorWithFacts[] =>
  told
    .filter(({ name }) => name === host.name)
    .map(({ facts }) => ({ door: host.name, place: placeOfDoor(host), facts }))

/** What two doors at one store should have in common, and have not. */
export interface Difference {
  /** Something is refused, or done otherwise, by chance of the door that it comes to. */
  readonly isBad: boolean
  readonly detail: string
  readonly fix: string
}

/** How another door differs from this one, the causes alone. */
export function differencesOf(own: DoorWithFacts, other: DoorWithFacts): readonly Difference[] {
  const who = `the door "${other.door}" (${other.place})`
  const keys = differentKeys(own.facts, other.facts)
  if (keys.length > 0)
    return [
      {
        isBad: true,
        detail: `${who} has other signing keys: ${keys.join('; ')}`,
        fix: `On the machine that is behind: ${howToCopy([own], 'keys/ of its home')}`,
      },
      ...differentVersions(who, own, other),
    ]
  // Under another key nothing can be compared; there is one from the next second on.
  if (own.facts.kid !== other.facts.kid) return differentVersions(who, own, other)
  return [
    ...differentSecrets(own.facts, other.facts).map((name) => secretDifference(who, name)),
    ...differentSettings(who, own.facts, other.facts),
    ...differentVersions(who, own, other),
  ]
}

function differentKeys(own: DoorFacts, other: DoorFacts): readonly string[] {
  const lacking = (one: DoorFacts, another: DoorFacts) =>
    one.keys.filter(({ kid }) => !another.keys.some((key) => key.kid === kid)).map(({ kid }) => kid)
  return [
    ...lacking(own, other).map((kid) => `it lacks ${kid}`),
    ...lacking(other, own).map((kid) => `this one lacks ${kid}`),
    ...own.keys.flatMap(({ kid, fingerprint, retireAt }) => {
      const there = other.keys.find((key) => key.kid === kid)
      if (!there) return []
      if (there.fingerprint !== fingerprint) return [`${kid} is another key there`]
      return there.retireAt === retireAt ? [] : [`${kid} ends at another time there`]
    }),
  ]
}

function secretDifference(who: string, name: string): Difference {
  if (name === adminTokenName)
    return {
      isBad: true,
      detail: `${who} has another admin token: who logs in at one door is logged out at the other`,
      fix: `copy keys/admin.token of one home to the other, or give both the same ${adminTokenVariable}`,
    }
  return {
    isBad: true,
    detail: `${who} has another value for the secret ${name}`,
    fix: 'give all doors the same; a changed file is read at once, a changed variable after a restart',
  }
}

/** By what their writers call them; by hook where the doors call them differently. */
function differentSecrets(own: DoorFacts, other: DoorFacts): readonly string[] {
  const different = Object.keys(own.secrets).filter(
    (name) => name in other.secrets && own.secrets[name] !== other.secrets[name],
  )
  const named = different.filter((name) => !name.startsWith('hook '))
  return named.some((name) => name !== adminTokenName) ? named : different
}

/** What makes a sender's request another one at another door. */
const isDecisive = (name: string): boolean => /^(hook |webhooks\.|server\.)/.test(name)

function differentSettings(who: string, own: DoorFacts, other: DoorFacts): readonly Difference[] {
  const names = [...new Set([...Object.keys(own.settings), ...Object.keys(other.settings)])]
  const different = names.filter((name) => own.settings[name] !== other.settings[name])
  if (different.length === 0) return []
  return [
    {
      isBad: different.some(isDecisive),
      detail: `${who} is configured otherwise: ${different.map((name) => named(name, own, other)).join(', ')}`,
      fix: 'make preferences/webhooks.json, and the flags and variables that go before it, the same at all doors',
    },
  ]
}

function named(name: string, own: DoorFacts, other: DoorFacts): string {
  if (!(name in own.settings)) return `${name} (not here)`
  return name in other.settings ? name : `${name} (not there)`
}

const differentVersions = (who: string, own: DoorWithFacts, other: DoorWithFacts): readonly Difference[] =>
  own.facts.version === other.facts.version
    ? []
    : [
        {
          isBad: false,
          detail: `${who} runs version ${other.facts.version}, this one ${own.facts.version}`,
          fix: 'upgrade one door after the other',
        },
      ]
