import { Terminal } from '@xterm/headless'
import { environment, type Postern } from './postern.ts'

const columns = 72
const rows = 12
const detachKey = '\x1c'

/**
 * What a person would see who attaches to the session, once `text` is on it. Throws when it does not appear in time.
 */
export async function screenWith(
  postern: Postern,
  session: string,
  text: string,
): Promise<readonly string[]> {
  const model = new Terminal({ cols: columns, rows, allowProposedApi: true })
  const { promise: shown, resolve, reject } = Promise.withResolvers<readonly string[]>()
  const look = () => {
    const lines = linesOf(model)
    if (lines.some((line) => line.includes(text))) resolve(lines)
  }
  const child = Bun.spawn([postern.binary, 'attach', session], {
    env: environment(postern),
    terminal: { cols: columns, rows, data: (_terminal, bytes) => model.write(bytes, look) },
  })
  const deadline = setTimeout(
    () => reject(new Error(`Not on the screen:\n${linesOf(model).join('\n')}`)),
    10_000,
  )
  try {
    return await shown
  } finally {
    clearTimeout(deadline)
    child.terminal?.write(detachKey)
    await Promise.race([child.exited, Bun.sleep(2_000)])
    child.kill()
    child.terminal?.close()
    model.dispose()
  }
}

function linesOf(model: Terminal): readonly string[] {
  const buffer = model.buffer.active
  const lines = Array.from(
    { length: rows },
    (_, y) => buffer.getLine(buffer.viewportY + y)?.translateToString(true) ?? '',
  )
  return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1)
}
