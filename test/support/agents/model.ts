import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../hooks.ts'

/** One request that reached the model. */
interface ModelRequest {
  readonly kind: string
  /** The last 400 characters of each. */
  readonly turns: readonly { readonly role: string; readonly text: string }[]
  readonly decided: { readonly text?: string; readonly fail?: number; readonly slow?: number }
}

/** A scripted model on loopback; what it does is said by the last user text, see the head of its file. */
export interface Model {
  readonly url: string
  /** What it was asked so far. */
  requests(): readonly ModelRequest[]
  stop(): void
}

const program = fileURLToPath(new URL('../../fixtures/fake-llm.mjs', import.meta.url))

export async function startModel(folder: string): Promise<Model> {
  const [portFile, log] = [join(folder, 'model.port'), join(folder, 'model.jsonl')]
  const args = [program, '--port', '0', '--portfile', portFile, '--log', log]
  const child = spawn(process.execPath, args, { stdio: 'ignore' })
  const stop = () => child.kill('SIGKILL')
  process.once('exit', stop)
  const port = await until('the model listens', () => read(portFile) || undefined)
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () =>
      read(log)
        .split('\n')
        .filter((line) => line.includes('"decided"'))
        .map((line) => JSON.parse(line) as ModelRequest),
    stop,
  }
}

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')
