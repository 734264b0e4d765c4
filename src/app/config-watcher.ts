import { existsSync, type FSWatcher, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import { type Config, type ConfigSources, loadConfig } from '../config/load.ts'
import { secretVariables } from '../config/secret-variables.ts'
import { reasonOf } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import type { Log } from '../domain/ports.ts'

/** The configuration while a server runs. */
export interface ConfigWatcher {
  readonly now: () => Config
  /** Names of all variables that held secrets of the file since the start: they are in our environment still. */
  readonly secretVariables: () => readonly string[]
  /** Reads the file again; one that is broken or gone changes nothing and is logged, even when it was so before. */
  reload(): Promise<void>
  close(): void
}

interface ConfigWatcherDeps {
  readonly home: Home
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags: ConfigSources['flags']
  readonly log: Log
}

const missingFile = 'the file is gone'

/** A look at the file itself, beside the events of its directory. Milliseconds. */
const lookMs = 1000

/** Editors write in several steps: the file is read after a pause in its events. Milliseconds. */
const restMs = 100

/** Loads the configuration and follows its file. Throws `config_invalid` for what is broken at the start. */
export async function watchConfig(deps: ConfigWatcherDeps): Promise<ConfigWatcher> {
  const secrets = new Set(await secretVariables(deps.home.configFile, deps.env))
  let config = await loadConfig(deps)
  let timer: ReturnType<typeof setTimeout> | undefined
  let broken: string | undefined
  let there = existsSync(deps.home.configFile)
  const kept = 'the configuration as it was'
  const missing = () => {
    const file = deps.home.configFile
    if (broken !== missingFile) deps.log('warn', 'config.missing', { file, kept })
    broken = missingFile
  }
  const reload = async () => {
    if (there && !existsSync(deps.home.configFile)) return missing()
    for (const name of await secretVariables(deps.home.configFile, deps.env)) secrets.add(name)
    try {
      const next = await loadConfig(deps)
      broken = undefined
      there ||= existsSync(deps.home.configFile)
      if (JSON.stringify(next) === JSON.stringify(config)) return
      config = next
      deps.log('info', 'config.reloaded', { hooks: next.webhooks.hooks.length })
      for (const warning of next.warnings) deps.log('warn', 'config.warning', { warning })
    } catch (thrown) {
      const why = reasonOf(thrown)
      if (why !== broken) deps.log('error', 'config.broken', { why, kept })
      broken = why
    }
  }
  const changed = () => {
    clearTimeout(timer)
    timer = setTimeout(() => void reload(), restMs)
  }
  const unwatch = follow(deps, changed)
  return {
    now: () => config,
    secretVariables: () => [...secrets],
    reload: () => {
      broken = undefined
      return reload()
    },
    close: () => {
      clearTimeout(timer)
      unwatch()
    },
  }
}

/**
 * Calls back when the file may have changed, until it is told to stop. Watches the directory, not the file: editors replace files,
 * and secrets may lie beside it. A directory that was itself replaced sends no more events, and a system may have none left to
 * give: the file is looked at as well.
 */
function follow({ home, log }: ConfigWatcherDeps, changed: () => void): () => void {
  const watcher = watchFolder(dirname(home.configFile), log, changed)
  let seen = looksOf(home.configFile)
  const timer = setInterval(() => {
    const before = seen
    seen = looksOf(home.configFile)
    if (seen !== before) changed()
  }, lookMs)
  return () => {
    clearInterval(timer)
    watcher?.close()
  }
}

function watchFolder(folder: string, log: Log, changed: () => void): FSWatcher | undefined {
  const unwatched = (thrown: unknown) => log('warn', 'config.unwatched', { why: reasonOf(thrown) })
  try {
    return watch(folder, changed).on('error', unwatched)
  } catch (thrown) {
    unwatched(thrown)
    return undefined
  }
}

function looksOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  return found ? `${found.ino} ${found.size} ${found.mtimeMs}` : ''
}
