import type { Platform } from './platform.ts'

/** The runtime this program finds itself in. Only its own file is loaded. */
export async function choosePlatform(): Promise<Platform> {
  if ('Bun' in globalThis) return (await import('./bun.ts')).bunPlatform
  if ('Deno' in globalThis) return (await import('./deno.ts')).denoPlatform
  throw new Error('Postern runs on Bun or Deno; this is neither.')
}
