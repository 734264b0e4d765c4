import { doorsAmong, type Host, hostState, placeOfDoor } from '../../../domain/host.ts'
import { type DoorWithFacts, differencesOf, doorsBeside } from '../../../manage/doors.ts'
import { iso } from '../../../manage/views.ts'
import type { LocalHome } from '../../context.ts'
import { bad, type Examination, type Finding, note, opened, orOk } from './findings.ts'

/** Doors that share the store: which are there, and what they have not in common. Nothing where there is but one. */
export function checkDoors(call: Examination): Promise<readonly Finding[]> {
  return opened(call, [], async (home) => {
    const [all, told] = await Promise.all([home.store.listHosts(), home.store.listDoors()])
    const now = home.clock.now() - home.skew()
    const doors = doorsAmong(all)
    if (doors.length < 2) return []
    const isThere = (host: Host) => hostState(host, now) === 'there'
    const { own, others } = doorsBeside(home.host, all, told, now)
    const gone = doors.filter((host) => host.name !== home.host && !isThere(host))
    return orOk(
      [
        ...(own ? others.flatMap((other) => compared(own, other)) : []),
        ...gone.map((host) => away(home, host)),
      ],
      `${doors.filter(isThere).length} of ${doors.length} there${own ? ', and alike' : '; this home has told nothing to compare'}`,
    )
  })
}

const compared = (own: DoorWithFacts, other: DoorWithFacts): readonly Finding[] =>
  differencesOf(own, other).map(({ isBad, detail, fix }) => ({
    ...(isBad ? bad(detail, fix) : note(detail, fix)),
    about: 'doors.differ',
  }))

function away({ skew }: LocalHome, host: Host): Finding {
  const since = iso((host.aliveUntil ?? 0) + skew())
  return {
    ...note(
      `the door "${host.name}" (${placeOfDoor(host)}) is away since ${since}: messages for its sessions wait`,
      `there: postern serve; if it is gone for good: postern hosts revoke ${host.name}`,
    ),
    about: 'a door that is away',
  }
}
