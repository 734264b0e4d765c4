import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { binary, cli, scratchHome } from '../support/binary.ts'

/** What each shell answers to Tab at the end of a line. */
const asks: Readonly<Record<'bash' | 'zsh' | 'fish', (folder: string, line: string) => readonly string[]>> = {
  bash: (folder, line) => [
    '-c',
    `source ${folder}/bash; line=$1; words=($line)
     [[ $line == *' ' ]] && words+=('')
     COMP_WORDS=("\${words[@]}"); COMP_CWORD=$((\${#words[@]} - 1)); _postern; printf '%s\\n' "\${COMPREPLY[@]}"`,
    'bash',
    line,
  ],
  // Its completion system runs at a terminal only, so what it would be told is printed.
  zsh: (folder, line) => [
    '-fc',
    `_describe() { print -rl -- \${\${(@P)2}%%:*} }; _files() {}; compdef() {}; source ${folder}/zsh
     words=(\${=1}); [[ $1 == *' ' ]] && words+=(''); CURRENT=$#words; _postern`,
    'zsh',
    line,
  ],
  fish: (folder, line) => ['-c', `source ${folder}/fish; complete -C$argv[1]`, line],
}

const lines: readonly (readonly [line: string, offered: readonly string[], not: readonly string[]])[] = [
  ['postern ', ['serve', 'expose', 'session', 'restore'], ['add']],
  ['postern session ', ['add', 'ls', 'show', 'end'], ['serve', 'expose']],
  ['postern --home /somewhere session ', ['add', 'ls'], ['serve', 'expose']],
  ['postern expose --session build --', ['--ttl', '--label'], ['--driver']],
  ['postern expose --session ', ['default', 'nightly'], ['serve']],
]

for (const shell of ['bash', 'zsh', 'fish'] as const)
  describe(`completions in ${shell}`, () => {
    const isThere = spawnSync(shell, ['-c', 'exit']).status === 0
    const skip = !isThere && process.env.CI !== 'true' && `${shell} is not installed`
    let folder: string
    let home: string

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'postern-shell-'))
      home = await scratchHome()
      await cli(['session', 'add', 'nightly', '--driver', 'inbox'], { home })
      await writeFile(join(folder, shell), (await cli(['completions', shell], { home })).stdout)
      const command = binary()
        .map((part) => `'${part}'`)
        .join(' ')
      await writeFile(join(folder, 'postern'), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 })
    })
    after(() => rm(folder, { recursive: true, force: true }))

    for (const [line, offered, not] of lines)
      it(`offers what fits after "${line}"`, { skip }, () => {
        const env = { PATH: `${folder}:${process.env.PATH}`, HOME: folder, POSTERN_HOME: home, TERM: 'dumb' }
        const { stdout, stderr } = spawnSync(shell, asks[shell](folder, line), {
          ...{ encoding: 'utf8', cwd: folder, timeout: 20_000 },
          env,
        })
        const words = new Set(stdout.split(/\s+/))
        for (const word of offered) assert.ok(words.has(word), `${word} is missing in ${stdout}${stderr}`)
        for (const word of not) assert.ok(!words.has(word), `${word} should not be in ${stdout}`)
      })
  })
