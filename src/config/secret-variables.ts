import { readFile } from 'node:fs/promises'

/**
 * Names of the environment variables that a configuration file takes secrets from: every `{"env": "NAME"}` in it, wherever
 * that stands. Reads a broken file, too: what it names is as secret as before.
 */
export async function secretVariables(configFile: string): Promise<readonly string[]> {
  const text = await readFile(configFile, 'utf8').catch(() => '')
  try {
    return namesIn(JSON.parse(text.replace(/^\ufeff/, '')))
  } catch {
    return [...text.matchAll(/"env"\s*:\s*"([^"\\]+)"/g)].map(([, name = '']) => name)
  }
}

function namesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = 'env' in value && typeof value.env === 'string' ? [value.env] : []
  return [...own, ...Object.values(value).flatMap(namesIn)]
}
