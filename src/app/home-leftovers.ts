import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  unlinkSync,
} from 'node:fs'

interface Owner {
  readonly uid: number
  readonly gid: number
}

/**
 * Gives the home's user what version 0.1.0 left there as root's when root ran a command: database, keys, and notes below
 * `run/`. A socket of root's goes: behind it is a terminal of root's, which is nobody else's to type into; so does what root's
 * processes noted for themselves. Everything goes by open folders and files, so that no link planted meanwhile leads elsewhere. A
 * file with a second name stays as it is, and so does what is not what its name says: that user may have moved any file of root's
 * there from a folder of their own, to get to read it.
 * Returns what was done, for people. Linux alone can do it; elsewhere it does nothing.
 */
export function takeLeftovers(root: string, owner: Owner): readonly string[] {
  if (process.platform !== 'linux') return []
  return within(root, 0, owner, (home) => [
    ...takeIn(home, root, databases, owner),
    ...within(`${home}/keys`, constants.O_NOFOLLOW, owner, (keys) =>
      takeIn(keys, `${root}/keys`, keyFiles, owner),
    ),
    ...within(`${home}/run`, constants.O_NOFOLLOW, owner, (run) => takeIn(run, `${root}/run`, notes, owner)),
  ])
}

/** Files by their names, and how each begins that is not empty; one without that goes. */
type Files = readonly (readonly [name: RegExp, begins?: RegExp])[]

/** sqlite.org/fileformat2.html, sqlite.org/walformat.html; a journal that is over may begin with zeros. */
const databases: Files = [
  [/^postern\.db$/, /^SQLite format 3\0/],
  [/^postern\.db-wal$/, /^7\x7f\x06[\x82\x83]/],
  [/^postern\.db-shm$/, /^(\x18\xe2\x2d\0|\0\x2d\xe2\x18)/],
  [/^postern\.db-journal$/, /^(\xd9\xd5\x05\xf9\x20\xa1\x63\xd7|\0{28})/],
]
const keyFiles: Files = [
  [/^(admin\.token|[0-9a-f]{16}\.key)$/, /^[\w-]{43}\n?$/],
  [/^[0-9a-f]{16}\.retired$/, /^\d{4}-\d\d-\d\dT[\d:.]+Z\n?$/],
  [/^mark(-[0-9a-f]{16})?$/, /^[0-9a-f]{32} \d{16}\n$/],
  [/^revoked$/, /^(# \d+ \d+|[0-9a-f]{8,}( \d+ \d+)?)\n/],
]
const notes: Files = [
  [/^[\w.-]+\.hooks$/, /^\{"(generation|is)":"/],
  [/^[\w.-]+\.lock$/, /^SQLite format 3\0/],
  [/^[\w.-]+\.(json|sock)$/],
]

/** Calls `act` with a path that stays this very folder's; nothing for what is no folder of the owner's. */
function within(
  path: string,
  flags: number,
  { uid }: Owner,
  act: (folder: string) => readonly string[],
): readonly string[] {
  return opened(path, constants.O_DIRECTORY | flags, (fd) =>
    fstatSync(fd).uid === uid ? act(`/proc/self/fd/${fd}`) : [],
  )
}

const takeIn = (folder: string, shown: string, files: Files, owner: Owner): readonly string[] =>
  readdirSync(folder).flatMap((name) => {
    const [path, known] = [`${folder}/${name}`, files.find(([called]) => called.test(name))]
    if (!known || lstatSync(path, { throwIfNoEntry: false })?.uid !== 0) return []
    const [, begins] = known
    return begins ? give(path, begins, `${shown}/${name}`, owner) : remove(path, `${shown}/${name}`)
  })

function remove(path: string, shown: string): readonly string[] {
  const found = lstatSync(path)
  if (!found.isSocket() && !(found.isFile() && found.nlink === 1)) return []
  unlinkSync(path)
  return found.isSocket()
    ? [`${shown} was the socket of a terminal of root's: removed. What runs in it goes on by itself.`]
    : [`${shown} was a note of a process of root's: removed.`]
}

function give(path: string, begins: RegExp, shown: string, { uid, gid }: Owner): readonly string[] {
  if (!lstatSync(path).isFile()) return []
  return opened(path, constants.O_NOFOLLOW | constants.O_NONBLOCK, (fd) => {
    const file = fstatSync(fd)
    if (!file.isFile() || file.uid !== 0 || file.nlink !== 1) return []
    if (file.size > 0 && !begins.test(beginningOf(fd))) return []
    fchownSync(fd, uid, gid)
    return [`${shown} was root's: it belongs to the home's user now.`]
  })
}

/** A character for each byte. */
function beginningOf(fd: number): string {
  const bytes = Buffer.alloc(128)
  return bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, 0))
}

/** Nothing for what cannot be opened: it is refused later, by its name. */
function opened(path: string, flags: number, act: (fd: number) => readonly string[]): readonly string[] {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | flags)
  } catch {
    return []
  }
  try {
    return act(fd)
  } finally {
    closeSync(fd)
  }
}
