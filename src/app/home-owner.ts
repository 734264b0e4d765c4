import { lstatSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Failure } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import { shellQuoted } from '../domain/shell-quote.ts'
import { takeLeftovers } from './home-leftovers.ts'

interface OwnerTrouble {
  readonly detail: string
  readonly fix: string
}

/**
 * Root becomes the user whose home it is, before anything is opened there: then it leaves no file of its own, and what that
 * user planted leads nowhere. What an earlier version left there as root's is that user's from then on. Throws
 * `home_unusable` where the runtime cannot.
 */
export function becomeOwner(root: string): void {
  if (process.geteuid?.() !== 0) return
  const { uid, gid } = statSync(root, { throwIfNoEntry: false }) ?? { uid: 0, gid: 0 }
  if (uid === 0) return
  if (!process.setgroups || !process.setgid || !process.setuid)
    throw new Failure('home_unusable', `${root} belongs to the user ${uid}. Run this command as that user.`)
  for (const done of takeLeftovers(root, { uid, gid })) process.stderr.write(`${done}\n`)
  process.setgroups([gid])
  process.setgid(gid)
  process.setuid(uid)
  Object.assign(process.env, environmentOf(uid, root))
}

function environmentOf(uid: number, root: string): Readonly<Record<string, string>> {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((entry) => entry.split(':'))
    .find(([, , id]) => id === `${uid}`)
  const [name = `${uid}`, , , , , folder = root] = line ?? []
  return { HOME: folder, USER: name, LOGNAME: name }
}

/**
 * Why a home is not its user's alone: somebody else owns it or may write there, or something stands where a file of ours
 * belongs that leads elsewhere. Undefined where all is well; changes nothing. Where nobody else may write nothing can
 * appear afterwards: what was looked at once needs no second look.
 */
export function troubleWithOwner(home: Home): OwnerTrouble | undefined {
  const me = process.geteuid?.()
  if (me === undefined) return undefined
  const { root, configFile, keysDir, runDir } = home
  return (
    first(linksTo(root), (path) => linkOfAnother(path, me)) ??
    folderOfAnother(root, me, statSync) ??
    first([dirname(configFile), configFile], (path) => linkOfAnother(path, me) ?? givenByAnother(path, me)) ??
    noFile(configFile, statSync(configFile, { throwIfNoEntry: false }), 'the configuration') ??
    first([keysDir, runDir], (path) => folderOfAnother(path, me, lstatSync)) ??
    first(keyFiles(keysDir), (path) =>
      noFile(path, lstatSync(path, { throwIfNoEntry: false }), 'a file of Postern'),
    ) ??
    strangersIn(root, me, isDatabase, 0o022) ??
    strangersIn(keysDir, me, always, 0o022) ??
    first(foldersIn(runDir), (folder) => strangersIn(folder, me, always, 0))
  )
}

/** The path itself and what leads to it. */
function linksTo(path: string): readonly string[] {
  const above = dirname(path)
  return above === path ? [path] : [...linksTo(above), path]
}

function linkOfAnother(path: string, me: number): OwnerTrouble | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found?.isSymbolicLink() || found.uid === me || found.uid === 0) return undefined
  return {
    detail: `${path} is a link that belongs to the user ${found.uid}.`,
    fix: 'Give the home by its own path.',
  }
}

/** The configuration may lie elsewhere, as containers and NixOS have it, and may be root's. */
function givenByAnother(path: string, me: number): OwnerTrouble | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found || found.uid === 0) return undefined
  return found.uid === me ? writableByOthers(path, found, 0o002) : ofAnother(path, found)
}

/** Other folders in `keys/` are the operator's. */
const keyFiles = (keysDir: string): readonly string[] =>
  entriesOf(keysDir)
    .filter(([name]) => /^(mark|revoked|admin\.token|.+\.key)$/.test(name))
    .map(([name]) => `${keysDir}/${name}`)

/** Reading a pipe or a device might never end. */
const noFile = (path: string, found: Stats | undefined, what: string): OwnerTrouble | undefined =>
  !found || found.isFile() ? undefined : planted(`${path} is a ${kindOf(found)} where ${what} belongs.`)

function folderOfAnother(
  path: string,
  me: number,
  look: (path: string, options: { throwIfNoEntry: false }) => Stats | undefined,
): OwnerTrouble | undefined {
  const found = look(path, { throwIfNoEntry: false })
  if (!found) return undefined
  if (!found.isDirectory()) return { detail: `${path} is no folder.`, fix: `Move it away.` }
  return found.uid === me ? writableByOthers(path, found, 0o022) : ofAnother(path, found)
}

const ofAnother = (path: string, { uid }: Stats): OwnerTrouble => ({
  detail: `${path} belongs to another user (${uid}).`,
  fix: 'Run this as that user, or choose another home with --home.',
})

const writableByOthers = (path: string, { mode }: Stats, bits: number): OwnerTrouble | undefined =>
  (mode & bits) === 0
    ? undefined
    : {
        detail: `${path} can be written by others, who may have put anything there.`,
        fix: `Look what is in it, then: chmod go-w ${shellQuoted(path)}`,
      }

/** `run/` and the folders in it, as far as they are folders. */
function foldersIn(folder: string): readonly string[] {
  const entries = lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder) : []
  return [
    ...(entries.length > 0 ? [folder] : []),
    ...entries
      .map((name) => join(folder, name))
      .filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory())
      .flatMap(foldersIn),
  ]
}

/** Of what lies in the root only the database is ours; copies of it are the operator's. */
const isDatabase = (name: string): boolean =>
  /^postern\.db(-wal|-shm|-journal|\.copying|\.restoring)?$/.test(name)
const always = (): boolean => true

function strangersIn(
  folder: string,
  me: number,
  ours: (name: string) => boolean,
  forbidden: number,
): OwnerTrouble | undefined {
  const look = () => entriesOf(folder).filter(([name]) => ours(name))
  // A file that is being made has two names for a moment: looked at again.
  const stranger = strangerAmong(folder, look(), me) && strangerAmong(folder, look(), me)
  return (
    stranger ??
    first(look(), ([name, found]) =>
      found.isFile() ? writableByOthers(`${folder}/${name}`, found, forbidden) : undefined,
    )
  )
}

type Entry = readonly [name: string, found: Stats]

const entriesOf = (folder: string): readonly Entry[] =>
  (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder) : []).flatMap((name) => {
    const found = lstatSync(join(folder, name), { throwIfNoEntry: false })
    return found ? [[name, found] as const] : []
  })

function strangerAmong(folder: string, entries: readonly Entry[], me: number): OwnerTrouble | undefined {
  const names = new Map<number, number>()
  for (const [, { ino }] of entries) names.set(ino, (names.get(ino) ?? 0) + 1)
  return first(entries, ([name, found]) => {
    const path = `${folder}/${name}`
    if (!found.isDirectory() && !found.isSocket() && !found.isFile())
      return planted(`${path} is a ${kindOf(found)} where a file of Postern belongs.`)
    if (found.uid !== me)
      return {
        detail: `${path} belongs to another user (${found.uid}).`,
        fix: `Look what it is, then: chown ${me} ${shellQuoted(path)}`,
      }
    return found.isFile() && found.nlink > (names.get(found.ino) ?? 1)
      ? planted(`${path} has another name elsewhere (a hard link).`)
      : undefined
  })
}

const planted = (detail: string): OwnerTrouble => ({
  detail,
  fix: 'Postern follows and changes nothing there. Look where it leads, and remove it.',
})

const kindOf = (found: Stats): string =>
  found.isSymbolicLink() ? 'link' : found.isFIFO() ? 'pipe' : found.isDirectory() ? 'folder' : 'device'

function first<T, R>(all: readonly T[], of: (one: T) => R | undefined): R | undefined {
  for (const one of all) {
    const found = of(one)
    if (found !== undefined) return found
  }
  return undefined
}
