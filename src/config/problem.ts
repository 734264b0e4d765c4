import { Failure } from '../domain/error.ts'

/** One thing that is wrong with a configuration. Never shows the value. */
export interface Problem {
  readonly path: ConfigPath
  readonly what: string
}

export type ConfigPath = readonly (string | number)[]
export type Complain = (path: ConfigPath, what: string) => void

const mostShown = 20

/** Everything that is wrong at once, each with where it stands: in the file, or in a variable or flag above it. */
export function configFailure(
  file: string,
  problems: readonly Problem[],
  originOf: (path: ConfigPath) => string | undefined = () => undefined,
): Failure {
  const lines = problems
    .slice(0, mostShown)
    .map(({ path, what }) => `  ${originOf(path) ?? pathText(path)}: ${what}`)
  if (problems.length > mostShown) lines.push(`  and ${problems.length - mostShown} more`)
  return new Failure('config_invalid', `The configuration ${file} does not work:\n${lines.join('\n')}`)
}

/** `webhooks.hooks["my hook"].filter.all[0]` */
export const pathText = (path: ConfigPath): string =>
  path.map(stepText).join('').replace(/^\./, '') || 'the whole file'

function stepText(step: string | number): string {
  if (/^(0|[1-9]\d*)$/.test(String(step))) return `[${step}]`
  return /^[$A-Za-z_][\w$-]*$/.test(String(step)) ? `.${step}` : `[${JSON.stringify(step)}]`
}
