import * as fs from 'node:fs'
import { randomBytes } from '../domain/chance.ts'
import { codeOf, Failure, reasonOf } from '../domain/error.ts'

/** Makes the directory 0700, whatever the umask; refuses one that others can look into. */
export function makePrivateDir(dir: string): void {
  guarded(dir, () => {
    if (fs.mkdirSync(dir, { recursive: true, mode: 0o700 }) !== undefined) fs.chmodSync(dir, 0o700)
  })
  refuseOthers(dir, '700')
}

/** Creates a file whole or not at all, 0600, on disk when this returns. False when there was one already. */
export function createFile(dir: string, name: string, text: string): boolean {
  return guarded(`${dir}/${name}`, () => {
    if (fs.existsSync(`${dir}/${name}`)) return false
    const temporary = writeTemporary(dir, text)
    try {
      fs.linkSync(temporary, `${dir}/${name}`)
    } catch (thrown) {
      if (codeOf(thrown) === 'EEXIST') return false
      throw thrown
    } finally {
      fs.rmSync(temporary, { force: true })
    }
    syncDirectory(dir)
    return true
  })
}

/** Puts a file in place of whatever had the name, whole, 0600, on disk when this returns. */
export function replaceFile(dir: string, name: string, text: string): void {
  guarded(`${dir}/${name}`, () => {
    fs.renameSync(writeTemporary(dir, text), `${dir}/${name}`)
    syncDirectory(dir)
  })
}

/** Reads a small file that only its owner may read. Throws `key_unusable` with the command that mends it. */
export function readPrivate(path: string): string {
  refuseOthers(path, '600')
  return guarded(path, () => fs.readFileSync(path, 'utf8'))
}

/** The 32 bytes of a key file in canonical base64url. Throws `key_unusable`. */
export function secretBytes(path: string, text: string, advice: string): Uint8Array {
  const secret = Buffer.from(text, 'base64url')
  if (secret.length === 32 && secret.toString('base64url') === text) return new Uint8Array(secret)
  throw new Failure('key_unusable', `${path} is damaged: it must hold 43 base64url characters. ${advice}`)
}

/** Windows has no such bits: there the home directory's own access list guards it. */
function refuseOthers(path: string, mode: string): void {
  if (process.platform === 'win32') return
  const bits = guarded(path, () => fs.statSync(path).mode)
  if ((bits & 0o077) !== 0)
    throw new Failure('key_unusable', `${path} can be read by others. Run: chmod ${mode} '${path}'`)
}

function writeTemporary(dir: string, text: string): string {
  const path = `${dir}/.${randomBytes(8).toString('hex')}.tmp`
  const file = fs.openSync(path, 'wx', 0o600)
  try {
    fs.fchmodSync(file, 0o600)
    fs.writeSync(file, text)
    fs.fsyncSync(file)
  } finally {
    fs.closeSync(file)
  }
  return path
}

/** Windows cannot open a directory to sync it; its rename is durable without. */
function syncDirectory(dir: string): void {
  if (process.platform === 'win32') return
  const handle = fs.openSync(dir, 'r')
  try {
    fs.fsyncSync(handle)
  } finally {
    fs.closeSync(handle)
  }
}

function guarded<T>(path: string, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    throw new Failure('key_unusable', `${path} cannot be used: ${reasonOf(cause)}`, { cause })
  }
}
