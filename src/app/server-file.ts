import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Home } from '../domain/home.ts'

/** Leaves the URL of the running server for the commands of the same home. */
export const writeServerFile = ({ serverFile }: Home, url: string): void =>
  writeFileSync(serverFile, `${JSON.stringify({ pid: process.pid, url })}\n`, { mode: 0o600 })

export const removeServerFile = ({ serverFile }: Home): void => rmSync(serverFile, { force: true })

/** The URL of the running server of this home; undefined when there is none. */
export function runningUrl({ serverFile }: Home): string | undefined {
  try {
    const written: unknown = JSON.parse(readFileSync(serverFile, 'utf8'))
    const url = typeof written === 'object' && written !== null && 'url' in written ? written.url : undefined
    return typeof url === 'string' ? url : undefined
  } catch {
    return undefined
  }
}
