/** What belongs to logins beside themselves: links that open one, and notes for the pages of one. By digests of their secrets. */
export interface LoginKeep {
  addLink(digest: string, expiresAt: number): void
  /** True once for each. */
  takeLink(digest: string): Promise<boolean>
  leaveNote(login: LoginKey, name: string, note: string): Promise<void>
  findNote(login: LoginKey, name: string): Promise<string | undefined>
  /** As `findNote`, once. */
  takeNote(login: LoginKey, name: string): Promise<string | undefined>
  /** The admin token is another: no link of before opens anything. */
  clear(): void
}

export interface LoginKey {
  readonly digest: string
  readonly secret: string
}

/** Of more of a kind the oldest are dropped. */
const mostKept = 1000

/** Of one process. */
export function keepInMemory(now: () => number): LoginKeep {
  const links = new Map<string, number>()
  const notes = new Map<string, string>()
  const keyOf = ({ digest }: LoginKey, name: string) => `${digest} ${name}`
  const findNote: LoginKeep['findNote'] = async (login, name) => notes.get(keyOf(login, name))
  return {
    addLink: (digest, expiresAt) => keepNewest(links, digest, expiresAt),
    takeLink: async (digest) => {
      const expiresAt = links.get(digest)
      links.delete(digest)
      return expiresAt !== undefined && expiresAt > now()
    },
    leaveNote: async (login, name, note) => keepNewest(notes, keyOf(login, name), note),
    findNote,
    takeNote: async (login, name) => {
      const note = await findNote(login, name)
      notes.delete(keyOf(login, name))
      return note
    },
    clear: () => {
      links.clear()
      notes.clear()
    },
  }
}

export function keepNewest<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key)
  map.set(key, value)
  const oldest = map.keys().next()
  if (map.size > mostKept && !oldest.done) map.delete(oldest.value)
}
