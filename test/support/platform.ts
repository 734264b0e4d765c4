import type { Platform } from '../../src/platform/platform.ts'

/** The runtime that these tests run on. */
export async function currentPlatform(): Promise<Platform> {
  if (process.versions.bun) return (await import('../../src/platform/bun.ts')).bunPlatform
  return (await import('../../src/platform/deno.ts')).denoPlatform
}
