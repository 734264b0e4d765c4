import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { binary, cli, scratchHome, serve } from '../support/binary.ts'
import { configure, hooks } from '../support/hooks.ts'

/** What each shell answers to Tab at the end of a line. Names of files are offered as FILES. */
const asks: Readonly<Record<'bash' | 'zsh' | 'fish', (folder: string, line: string) => readonly string[]>> = {
  // `compopt` works only while readline completes.
  bash: (folder, line) => [
    '-c',
    `source ${folder}/bash; line=$1; words=($line); compopt() { echo FILES; }
     [[ $line == *' ' ]] && words+=('')
     COMP_WORDS=("\${words[@]}"); COMP_CWORD=$((\${#words[@]} - 1)); _postern; printf '%s\\n' "\${COMPREPLY[@]}"`,
    'bash',
    line,
  ],
  // The completion system of zsh runs at a terminal only, so what the script passes to it is printed.
  zsh: (folder, line) => [
    '-fc',
    `_describe() { print -rl -- \${\${(@P)2}%%:*} }; _files() { print FILES }; compdef() {}; source ${folder}/zsh
     words=(\${=1}); [[ $1 == *' ' ]] && words+=(''); CURRENT=$#words; _postern`,
    'zsh',
    line,
  ],
  fish: (folder, line) => ['-c', `source ${folder}/fish; complete -C$argv[1]`, line],
}

/** Ids that are known only when the home is there stand as GRANT and DELIVERY. */
const lines: readonly (readonly [line: string, offered: readonly string[], not: readonly string[]])[] = [
  ['postern ', ['serve', 'expose', 'session', 'restore'], ['add']],
  ['postern session ', ['add', 'ls', 'show', 'end'], ['serve', 'expose']],
  ['postern --home /somewhere session ', ['add', 'ls'], ['serve', 'expose']],
  ['postern expose --session build --', ['--ttl', '--label'], ['--driver']],
  ['postern expose --session ', ['default', 'nightly'], ['serve']],
  ['postern expose --session=ni', ['--session=nightly'], ['--session=default']],
  ['postern revoke ', ['GRANT'], []],
  ['postern deliveries ls --grant ', ['GRANT'], []],
  ['postern deliveries show ', ['DELIVERY'], []],
  ['postern deliveries retry ', [], ['DELIVERY']],
  ['postern deliveries ls --state ', ['PENDING', 'FAILED'], []],
  ['postern deliveries ls --hook ', ['github-push'], []],
  ['postern hooks test ', ['github-push'], []],
  ['postern session add x --driver ', ['inbox', 'tmux', 'command', 'acp'], []],
  ['postern expose --session nightly --verb ', ['send_input'], []],
]

for (const shell of ['bash', 'zsh', 'fish'] as const)
  describe(`completions in ${shell}`, () => {
    const isThere = spawnSync(shell, ['-c', 'exit']).status === 0
    const skip = !isThere && process.env.CI !== 'true' && `${shell} is not installed`
    const ids = new Map<string, string>()
    let folder: string
    let home: string

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'postern-shell-'))
      home = await scratchHome()
      configure(home, hooks({ 'github-push': { preset: 'github', session: 'nightly' } }))
      await cli(['session', 'add', 'nightly', '--driver', 'inbox'], { home })
      const minted = await cli(['expose', '-s', 'nightly', '--label', 'for ci', '-j'], { home })
      ids.set('GRANT', JSON.parse(minted.stdout).grantId)
      await cli(['expose', '-s', 'nightly', '--label', 'another'], { home })
      const server = await serve(home)
      const sent = await cli(['send', '--session', 'nightly', '--timeout', '0', '--json', 'hello'], { home })
      ids.set('DELIVERY', JSON.parse(sent.stdout).id)
      await server.stop()
      await writeFile(join(folder, shell), (await cli(['completions', shell], { home })).stdout)
      const command = binary()
        .map((part) => `'${part}'`)
        .join(' ')
      await writeFile(join(folder, 'postern'), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 })
      await writeFile(join(folder, 'FILES'), '')
    })
    after(() => rm(folder, { recursive: true, force: true }))

    const offers = (line: string, at = home) => {
      const env = { PATH: `${folder}:${process.env.PATH}`, HOME: folder, POSTERN_HOME: at, TERM: 'dumb' }
      const { stdout, stderr } = spawnSync(shell, asks[shell](folder, line), {
        ...{ encoding: 'utf8', cwd: folder, timeout: 20_000 },
        env,
      })
      assert.equal(stderr, '')
      return new Set(stdout.split(/\s+/))
    }

    for (const [line, offered, not] of lines)
      it(`offers what fits after "${line}", and no files`, { skip }, () => {
        const found = offers(line)
        for (const one of offered.map((name) => ids.get(name) ?? name))
          assert.ok(found.has(one), `${one} is missing in ${[...found]}`)
        for (const one of [...not.map((name) => ids.get(name) ?? name), 'FILES'])
          assert.ok(!found.has(one), `${one} should not be in ${[...found]}`)
      })

    for (const line of ['postern backup ', 'postern run --session x -- ', 'postern hooks test x --payload '])
      it(`offers names of files after "${line}"`, { skip }, () => {
        assert.ok(offers(line).has('FILES'))
      })

    if (shell === 'bash')
      it('says in a list for the eye what each is: of a grant its session and label', { skip }, () => {
        const script = `COMP_TYPE=63; ${asks.bash(folder, '')[1]}`
        const env = { PATH: `${folder}:${process.env.PATH}`, HOME: folder, POSTERN_HOME: home, TERM: 'dumb' }
        const ran = spawnSync('bash', ['-c', script, 'bash', 'postern revoke '], { encoding: 'utf8', env })
        assert.match(ran.stdout, new RegExp(`^${ids.get('GRANT')}  \\(nightly, for ci\\)$`, 'm'))
      })

    it('offers no ids and creates nothing where there is no home', { skip }, () => {
      const nowhere = join(folder, 'nowhere')
      assert.ok(!offers('postern revoke ', nowhere).has('FILES'))
      assert.ok(!existsSync(nowhere))
    })
  })
