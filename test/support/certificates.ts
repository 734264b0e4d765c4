import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A certificate for `localhost`, signed by `ca.crt` in `dir`: `server.key` and `server.crt` in `data`. */
export function certify(dir: string, data: string): void {
  writeFileSync(join(dir, 'names'), 'subjectAltName=DNS:localhost\n')
  const fresh = (key: string, name: string) => [
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-subj',
    `/CN=${name}`,
  ]
  for (const args of [
    [
      'req',
      '-x509',
      ...fresh('ca.key', 'ours'),
      '-out',
      'ca.crt',
      '-addext',
      'basicConstraints=critical,CA:TRUE',
    ],
    ['req', ...fresh(join(data, 'server.key'), 'localhost'), '-out', 'server.csr'],
    [
      'x509',
      '-req',
      '-in',
      'server.csr',
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-extfile',
      'names',
      '-out',
      join(data, 'server.crt'),
    ],
  ]) {
    const { status, stderr } = spawnSync('openssl', args, { cwd: dir, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
  }
}
