import { readlink } from 'node:fs/promises'
import { namesIn, textOf } from './files.ts'

/** A program that listens for this machine. */
export interface Listener {
  readonly port: number
  readonly pid: number
  readonly command: readonly string[]
}

/**
 * The ports on which programs of this user listen for this machine, whose command line is wanted. None where the system
 * has no /proc.
 */
export async function listeners(
  wanted: (command: readonly string[]) => boolean,
  signal: AbortSignal,
): Promise<readonly Listener[]> {
  const ports = await listeningPorts()
  const pids = (await namesIn('/proc')).filter((name) => /^\d+$/.test(name))
  const found = new Map<number, Listener>()
  for (const pid of pids) {
    if (signal.aborted) break
    const command = await commandOf(pid)
    if (!wanted(command)) continue
    for (const inode of await socketsOf(pid)) {
      const port = ports.get(inode)
      if (port !== undefined) found.set(port, { port, pid: Number(pid), command })
    }
  }
  return [...found.values()].sort((one, other) => one.port - other.port)
}

/** Whether that process listens on a port for this machine. */
export async function listensOnPort(pid: number, port: number): Promise<boolean> {
  const ports = await listeningPorts()
  return (await socketsOf(String(pid))).some((inode) => ports.get(inode) === port)
}

/** Whether that process listens on a Unix socket. proc(5): flags, inode and path are the fourth and the last two columns. */
export async function listensOnSocket(pid: number, path: string): Promise<boolean> {
  const rows = (await textOf('/proc/net/unix')).split('\n').map((row) => row.trim().split(/\s+/))
  const listening = rows.filter((row) => row[3] === acceptsConnections && row.slice(7).join(' ') === path)
  const inodes = new Set(listening.map((row) => row[6]))
  return (await socketsOf(String(pid))).some((inode) => inodes.has(inode))
}

const acceptsConnections = '00010000'

/** By the inode of the socket. proc(5): local address, state and inode are the second, fourth and tenth column. */
async function listeningPorts(): Promise<ReadonlyMap<string, number>> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(textOf))
  const rows = tables.flatMap((table) => table.split('\n').slice(1)).map((row) => row.trim().split(/\s+/))
  return new Map(
    rows.flatMap(([, local = '', , state, , , , , , inode]): readonly (readonly [string, number])[] =>
      state === listen && inode && isHere(local)
        ? [[inode, Number.parseInt(local.split(':')[1] ?? '', 16)]]
        : [],
    ),
  )
}

const listen = '0A'

/** Loopback or every address, in the byte order of this machine. */
const isHere = (local: string): boolean => /^(?:0100007F|0{8}|0{32}|0{24}01000000):/.test(local)

const commandOf = async (pid: string): Promise<readonly string[]> =>
  (await textOf(`/proc/${pid}/cmdline`)).split('\0').filter((argument) => argument !== '')

async function socketsOf(pid: string): Promise<readonly string[]> {
  const links = (await namesIn(`/proc/${pid}/fd`)).map((fd) =>
    readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''),
  )
  return (await Promise.all(links)).flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? [])
}
