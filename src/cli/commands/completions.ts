import { Failure } from '../../domain/error.ts'
import { suggestion } from '../../domain/nearest.ts'
import type { Command } from '../command.ts'
import { completeName } from '../complete.ts'

const bash = `# bash completion for postern
_postern() {
  local line summary bare
  COMPREPLY=()
  while IFS= read -r line; do
    summary=\${line#*$'\\t'}
    # A list for the eye, which bash inserts nothing of, says what each is.
    if [[ \${COMP_TYPE-} == 63 && -n $summary && $line == *$'\\t'* ]]; then
      COMPREPLY+=("\${line%%$'\\t'*}  ($summary)")
    else
      COMPREPLY+=("\${line%%$'\\t'*}")
    fi
    bare=\${line%%$'\\t'*}
  done < <(postern ${completeName} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if ((\${#COMPREPLY[@]} == 1)); then
    COMPREPLY=("$bare")
  fi
  if [[ \${COMPREPLY[0]-} == :files ]]; then
    COMPREPLY=()
    compopt -o default 2>/dev/null
  fi
}
complete -F _postern postern
`

const zsh = `#compdef postern
_postern() {
  local -a found
  found=(\${(f)"$(postern ${completeName} "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if [[ $found == :files* ]]; then
    _files
    return
  fi
  found=(\${found//:/\\\\:})
  found=(\${found/$'\\t'/:})
  _describe postern found
}
if [ "$funcstack[1]" = "_postern" ]; then _postern "$@"; else compdef _postern postern; fi
`

const fish = `# fish completion for postern
function __postern_complete
    set -l current (commandline -ct)
    set -l found (postern ${completeName} (commandline -opc)[2..-1] "$current" 2>/dev/null)
    if string match -q ':files*' -- "$found"
        __fish_complete_path "$current"
    else
        printf '%s\n' $found
    end
end
complete -c postern -f -a '(__postern_complete)'
`

/** By the name of the shell that reads it. */
export const completionScripts = { bash, zsh, fish } as const
const scripts: Readonly<Record<string, string>> = completionScripts
const shells = Object.keys(scripts)

export const completions: Command = {
  name: 'completions',
  summary: 'Print completions for a shell.',
  args: [{ name: 'shell', summary: shells.join(', '), complete: shells, required: true }],
  examples: [
    'source <(postern completions bash)',
    'postern completions zsh > ~/.zfunc/_postern',
    'postern completions fish > ~/.config/fish/completions/postern.fish',
  ],
  run: async ({ out, args, json }) => {
    const shell = args.need('shell')
    if (!Object.hasOwn(scripts, shell))
      throw new Failure('usage', `There are no completions for "${shell}". ${suggestion(shell, shells)}`)
    const script = scripts[shell] ?? ''
    if (json) out.json({ script })
    else out.line(script.trimEnd())
  },
}
