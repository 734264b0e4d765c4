import { lstat, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Capability } from '../domain/capability.ts'
import { randomBytes } from '../domain/chance.ts'
import { pause } from '../wait.ts'

const ending = '.self'

/** Where the capability of one opening of a session lies. */
export const selfFileOf = (runDir: string, generation: string): string =>
  join(runDir, `${generation}${ending}`)

/** 0600, whole or not at all. Returns its path. What a power loss takes is written anew by the next who needs it. */
export async function writeSelfFile(runDir: string, capability: Capability): Promise<string> {
  const path = selfFileOf(runDir, capability.generation)
  const fresh = join(runDir, `.${randomBytes(8).toString('hex')}.tmp`)
  await writeFile(fresh, `${JSON.stringify(capability)}\n`, { mode: 0o600, flag: 'wx' })
  await rename(fresh, path)
  return path
}

/** Undefined when there is none; one that others can read, or that is no file of ours, counts as none. */
export async function readSelfFile(path: string): Promise<Capability | undefined> {
  try {
    const found = await lstat(path)
    const isPrivate = process.platform === 'win32' || (found.mode & 0o077) === 0
    return found.isFile() && isPrivate ? parse(await readFile(path, 'utf8')) : undefined
  } catch {
    return undefined
  }
}

/** Of which openings there are files. */
export const generationsIn = async (runDir: string): Promise<readonly string[]> =>
  (await readdir(runDir)).filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length))

export const removeSelfFile = (runDir: string, generation: string): Promise<void> =>
  rm(selfFileOf(runDir, generation), { force: true })

// A command of a home whose server alone has the keys asks that for a capability by a file beside it. Who can write there can read what
// is written: the home's user.

const askedEnding = '.asked'
const askedFileOf = (runDir: string, generation: string): string =>
  join(runDir, `${generation}${askedEnding}`)

/** Asks the server of this home for the capability of an opening. False where it has answered with none, or not within `withinMs`. */
export async function askForSelf(
  runDir: string,
  { session, generation }: Pick<Capability, 'session' | 'generation'>,
  withinMs: number,
): Promise<boolean> {
  const asked = askedFileOf(runDir, generation)
  const until = performance.now() + withinMs
  await writeFile(asked, session, { mode: 0o600 })
  try {
    for (;;) {
      const isOpen = await isThere(asked)
      if (await readSelfFile(selfFileOf(runDir, generation))) return true
      if (!isOpen || performance.now() > until) return false
      await pause(askMs)
    }
  } finally {
    await rm(asked, { force: true })
  }
}

const askMs = 20

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    (found) => found.isFile(),
    () => false,
  )

/** Answers each command that asks: `sign` writes the capability of an opening, where there is to be one. */
export async function answerAsked(
  runDir: string,
  sign: (opening: Pick<Capability, 'session' | 'generation'>) => Promise<void>,
): Promise<void> {
  for (const name of await readdir(runDir)) {
    if (!name.endsWith(askedEnding)) continue
    const path = join(runDir, name)
    try {
      if (await isThere(path))
        await sign({ session: await readFile(path, 'utf8'), generation: name.slice(0, -askedEnding.length) })
    } finally {
      await rm(path, { force: true })
    }
  }
}

function parse(text: string): Capability | undefined {
  const written: unknown = JSON.parse(text)
  if (typeof written !== 'object' || written === null) return undefined
  const { home, session, generation, token } = written as { readonly [key: string]: unknown }
  const isWhole = [home, session, generation, token].every((one) => typeof one === 'string' && one !== '')
  return isWhole ? (written as Capability) : undefined
}
