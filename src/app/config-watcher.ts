import { watch } from 'node:fs'
import { dirname } from 'node:path'
import { type Config, type ConfigSources, loadConfig } from '../config/load.ts'
import { secretVariables } from '../config/secret-variables.ts'
import { reasonOf } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import type { Log } from '../domain/ports.ts'

/** The configuration while a server runs. */
export interface ConfigWatcher {
  readonly now: () => Config
  /** Names of all variables that the file took secrets from since the start: they are in our environment still. */
  readonly secretVariables: () => readonly string[]
  /** Reads the file again; a broken one changes nothing and is logged, even when it was broken before. */
  reload(): Promise<void>
  close(): void
}

interface ConfigWatcherDeps {
  readonly home: Home
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags: ConfigSources['flags']
  readonly log: Log
}

/** Editors write in several steps: the file is read after a pause in its events. Milliseconds. */
const restMs = 100

/** Loads the configuration and follows its file. Throws `config_invalid` for what is broken at the start. */
export async function watchConfig(deps: ConfigWatcherDeps): Promise<ConfigWatcher> {
  const secrets = new Set(await secretVariables(deps.home.configFile))
  let config = await loadConfig(deps)
  let timer: ReturnType<typeof setTimeout> | undefined
  let broken: string | undefined
  const reload = async () => {
    for (const name of await secretVariables(deps.home.configFile)) secrets.add(name)
    try {
      const next = await loadConfig(deps)
      broken = undefined
      if (JSON.stringify(next) === JSON.stringify(config)) return
      config = next
      deps.log('info', 'config.reloaded', { hooks: next.webhooks.hooks.length })
      for (const warning of next.warnings) deps.log('warn', 'config.warning', { warning })
    } catch (thrown) {
      const why = reasonOf(thrown)
      if (why !== broken) deps.log('error', 'config.broken', { why, kept: 'the configuration as it was' })
      broken = why
    }
  }
  // The directory, not the file: editors replace files, and secrets may lie beside it.
  const watcher = watch(dirname(deps.home.configFile), () => {
    clearTimeout(timer)
    timer = setTimeout(() => void reload(), restMs)
  })
  return {
    now: () => config,
    secretVariables: () => [...secrets],
    reload: () => {
      broken = undefined
      return reload()
    },
    close: () => {
      clearTimeout(timer)
      watcher.close()
    },
  }
}
