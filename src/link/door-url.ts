import { Failure } from '../domain/error.ts'
import { isLoopback } from '../domain/loopback.ts'

/** Throws `usage`. */
export function requireDoorUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const named = parsed && parsed.username === '' && parsed.search === '' && parsed.hash === ''
  if (named && (parsed.protocol === 'https:' || isPlainHere(parsed))) return url.replace(/\/+$/, '')
  throw new Failure(
    'usage',
    'A door is joined by its address, such as https://door.example.com; http only on this machine itself.',
  )
}

const isPlainHere = ({ protocol, hostname }: URL): boolean => protocol === 'http:' && isLoopback(hostname)
