import type { Door, SharedStore } from '../../src/domain/door.ts'
import type { StoredLogin } from '../../src/domain/login.ts'

export const createSharedState = () => ({
  doors: new Map<string, Door>(),
  logins: new Map<string, { readonly under: string; readonly login: StoredLogin }>(),
  links: new Map<string, { readonly under: string; readonly expiresAt: number }>(),
  notes: new Map<string, string>(),
})

export type SharedState = ReturnType<typeof createSharedState>

/** What doors share, as a store on a server has it. `now`: of the clock there. */
export function memoryShared(state: SharedState, now: () => number): SharedStore {
  const { doors, logins, links, notes } = state
  const findNote = async (digest: string, name: string) => notes.get(`${digest} ${name}`)
  return {
    rememberDoor: async (name, facts) => void doors.set(name, { name, facts, at: now() }),
    listDoors: async () => [...doors.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    storeServer: async () => undefined,
    listLogins: async (wanted, at) =>
      [...logins.values()]
        .filter(({ under, login }) => under === wanted && login.expiresAt > at)
        .map(({ login }) => login),
    addLogin: async (under, login) => void logins.set(login.digest, { under, login }),
    noteLogin: async (digest, seen) => {
      const known = logins.get(digest)
      if (known) logins.set(digest, { ...known, login: { ...known.login, seen } })
    },
    endLogins: async (digests) => {
      for (const digest of digests) logins.delete(digest)
      for (const key of notes.keys()) if (digests.includes(key.split(' ')[0] ?? '')) notes.delete(key)
    },
    addLink: async (under, digest, expiresAt) => void links.set(digest, { under, expiresAt }),
    takeLink: async (under, digest, at) => {
      const link = links.get(digest)
      if (link?.under !== under || link.expiresAt <= at) return false
      return links.delete(digest)
    },
    leaveNote: async (digest, name, note) => {
      if (logins.has(digest)) notes.set(`${digest} ${name}`, note)
    },
    findNote,
    takeNote: async (digest, name) => {
      const note = await findNote(digest, name)
      notes.delete(`${digest} ${name}`)
      return note
    },
  }
}
