import type { Call } from '../../command.ts'
import { isRegisteredIn, placesOf, type Registration, registrations } from '../mcp-registration.ts'
import { type Finding, note, ok } from './findings.ts'

/** Which of the agents that are used here have the tools of `postern mcp`. */
export async function checkTools(call: Call): Promise<readonly Finding[]> {
  const all = await Promise.all(
    Object.entries(registrations).map(async ([agent, how]) => ({
      ...{ agent, title: how.title },
      isHere: (await call.io.modeOf(placesOf(how, call.io).folder)) !== undefined,
      has: await isRegistered(call, how),
    })),
  )
  const having = all.filter(({ has }) => has)
  const lacking = all.filter(({ isHere, has }) => isHere && !has)
  const titles = (some: typeof all) => some.map(({ title }) => title).join(', ')
  return [
    ...(having.length > 0 ? [ok(`${titles(having)}: can ask to be woken by something outside`)] : []),
    ...(lacking.length > 0
      ? [
          note(
            `${titles(lacking)}: cannot ask to be woken by something outside`,
            `postern mcp --print-config ${lacking.map(({ agent }) => agent).join('|')}`,
          ),
        ]
      : []),
  ]
}

async function isRegistered({ io }: Call, how: Registration): Promise<boolean> {
  const texts = await Promise.all(
    placesOf(how, io).files.map((path) =>
      io.read(path).then(
        (bytes) => new TextDecoder().decode(bytes),
        () => '',
      ),
    ),
  )
  return texts.some(isRegisteredIn)
}
