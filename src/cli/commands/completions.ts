import { Failure } from '../../domain/error.ts'
import { meant } from '../../domain/nearest.ts'
import { type Call, type Command, type Flag, globalFlags } from '../command.ts'
import { namesOf } from '../parse.ts'

export const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

export const completionCommands: readonly Command[] = [
  {
    name: 'completions',
    summary: 'Print completions for a shell.',
    args: [{ name: 'shell', summary: shells.join(', '), required: true }],
    examples: [
      'source <(postern completions bash)',
      'postern completions zsh > ~/.zfunc/_postern',
      'postern completions fish > ~/.config/fish/completions/postern.fish',
    ],
    run: runCompletions,
  },
]

async function runCompletions({ out, args, commands, json }: Call): Promise<number> {
  const shell = shells.find((known) => known === args.need('shell'))
  if (!shell)
    throw new Failure(
      'usage',
      `There are no completions for "${args.need('shell')}". ${meant(args.need('shell'), shells)}`,
    )
  const script = completionScript(shell, commands)
  if (json) out.json({ script })
  else out.line(script.trimEnd())
  return 0
}

/** A completion script, made of the command table. */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  const spots = spotsOf(commands)
  const valued = [...globalFlags, ...commands.flatMap(({ flags = [] }) => flags)]
    .filter(({ value }) => value !== undefined)
    .map(({ name }) => `--${name}`)
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](spots, [...new Set(valued)])
}

/** The ids of all sessions, asked when they are wanted. */
const sessionIds = "postern session ls 2>/dev/null | sed 1d | cut -d ' ' -f 1"

/** A place on the command line, by the words before it, and what may come there. */
interface Spot {
  /** For example `session add`; empty at the start. */
  readonly positionals: string
  readonly next: readonly Choice[]
  readonly flags: readonly Flag[]
}

interface Choice {
  readonly word: string
  readonly summary: string
}

/** The longest first, so that the first that matches is the right one. */
function spotsOf(commands: readonly Command[]): readonly Spot[] {
  const named = commands.flatMap((command) => namesOf(command).map((name) => ({ name, command })))
  const positionals = new Set(named.flatMap(({ name }) => beginnings(name)))
  return [...positionals]
    .sort((a, b) => b.length - a.length)
    .map((at) => {
      const here = named.find(({ name }) => name === at)?.command
      return { positionals: at, next: nextWords(at, named), flags: [...(here?.flags ?? []), ...globalFlags] }
    })
}

const beginnings = (name: string): readonly string[] => {
  const positionals = name.split(' ')
  return positionals.map((_, i) => positionals.slice(0, i).join(' ')).concat(name)
}

function nextWords(
  at: string,
  named: readonly { readonly name: string; readonly command: Command }[],
): readonly Choice[] {
  const prefix = at === '' ? '' : `${at} `
  const choices = new Map<string, string>()
  for (const { name, command } of named) {
    if (!name.startsWith(prefix) || name === at) continue
    const [word = '', ...more] = name.slice(prefix.length).split(' ')
    if (!choices.has(word) || more.length === 0)
      choices.set(word, more.length === 0 ? command.summary : `${word} …`)
  }
  return [...choices].map(([word, summary]) => ({ word, summary }))
}

type Script = (spots: readonly Spot[], valued: readonly string[]) => string

const bashScript: Script = (spots, valued) => `# bash completion for postern
_postern() {
  local word trail="" known="" wanted=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == = ]] && continue
    [[ -n $wanted ]] && { wanted=""; continue; }
    case $word in
      --) return ;;
      ${valued.join('|')}) wanted=$word ;;
      -*) ;;
      *) trail="$trail $word" ;;
    esac
  done
  case "$wanted$trail " in
    --session*) known=$(${sessionIds}) ;;
    --*) return ;;
${spots.map(bashCase).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$known" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _postern postern
`

const bashCase = ({ positionals, next, flags }: Spot): string => {
  const known = [...next.map(({ word }) => word), ...flags.map(({ name }) => `--${name}`)]
  return `    ${positionals === '' ? '*' : `" ${positionals} "*`}) known="${known.join(' ')}" ;;`
}

const zshScript: Script = (spots, valued) => `#compdef postern
_postern() {
  local word trail="" wanted=""
  local -a known
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ -n $wanted ]] && { wanted=""; continue }
    case $word in
      --) _files; return ;;
      ${valued.join('|')}) wanted=$word ;;
      -*) ;;
      *) trail="$trail $word" ;;
    esac
  done
  case "$wanted$trail " in
    --session*) known=(\${(f)"$(${sessionIds})"}) ;;
    --*) _files; return ;;
${spots.map(zshCase).join('\n')}
  esac
  _describe postern known || _files
}
if [ "$funcstack[1]" = "_postern" ]; then _postern "$@"; else compdef _postern postern; fi
`

const zshCase = ({ positionals, next, flags }: Spot): string => {
  const known = [
    ...next.map(({ word, summary }) => `${word}:${summary}`),
    ...flags.map(({ name, summary }) => `--${name}:${summary}`),
  ]
  return `    ${positionals === '' ? '*' : `" ${positionals} "*`}) known=(${known.map(shellQuoted).join(' ')}) ;;`
}

const fishScript: Script = (spots, valued) => `# fish completion for postern
function __postern_words
    set -l words
    set -l wanted 0
    for word in (commandline -opc)[2..-1]
        if test $wanted = 1
            set wanted 0
        else if contains -- $word ${valued.join(' ')}
            set wanted 1
        else if not string match -q -- '-*' $word
            set -a words $word
        end
    end
    echo "$words "
end
function __postern_at
    test (__postern_words) = "$argv "
end
function __postern_in
    string match -q -- "$argv *" (__postern_words)
end
${spots.flatMap(fishLines).join('\n')}
`

function fishLines({ positionals, next, flags }: Spot): readonly string[] {
  const at = positionals === '' ? '\'test (__postern_words) = " "\'' : `'__postern_at ${positionals}'`
  const within = positionals === '' ? '' : ` -n '__postern_in ${positionals}'`
  const own = positionals === '' ? flags : flags.filter((flag) => !globalFlags.includes(flag))
  return [
    ...next.map(
      ({ word, summary }) => `complete -c postern -f -n ${at} -a ${word} -d ${fishQuoted(summary)}`,
    ),
    ...own.map(
      ({ name, summary, value }) =>
        `complete -c postern${within} -l ${name}${fishValue(name, value)} -d ${fishQuoted(summary)}`,
    ),
  ]
}

function fishValue(name: string, value: string | undefined): string {
  if (value === undefined) return ''
  return name === 'session' ? ` -x -a ${fishQuoted(`(${sessionIds})`)}` : ' -r'
}

const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

const fishQuoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`
