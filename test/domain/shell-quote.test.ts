import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { shellQuoted } from '../../src/domain/shell-quote.ts'

test('shellQuoted is read back by a shell as the one argument it was', () => {
  for (const argument of ['%5', '', 'a b', "it's", '$(id) `id`', 'tab\tand\nline', '*', 'key=a,b:c/d@e'])
    assert.equal(
      execFileSync('sh', ['-c', `printf %s ${shellQuoted(argument)}`], { encoding: 'utf8' }),
      argument,
    )
  assert.equal(shellQuoted('postern@1.2/x=%5'), 'postern@1.2/x=%5')
})
