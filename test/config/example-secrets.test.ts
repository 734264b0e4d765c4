import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { checkSecret } from '../../src/config/secrets.ts'
import { senders } from '../../src/providers/index.ts'

const root = resolve(import.meta.dirname, '..', '..')

/** Where a document shows a secret: in a configuration, in a variable, in a header, as a password. */
const shown = [
  /"(?:secret|verifyToken)":\s*"([^"]*)"/g,
  /"secret":\s*\[\s*"([^"]*)"/g,
  /\b[A-Z_]*(?:SECRET|TOKEN|PASSWORD)=['"]?([^\s'"$(<]+)/g,
  /Authorization: (?:Bearer|Basic) ([^\s'"$<…]+)/g,
  /-u '?\w+:([^\s'"$]+)/g,
]

const folders = ['docs', 'examples'].filter((folder) => existsSync(join(root, folder)))
const documents = [
  ...readdirSync(root),
  ...folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((path) => join(folder, String(path))),
  ),
].filter((path) => /\.(md|json|ya?ml|sh|toml|caddyfile)$/i.test(path))

const found = documents.flatMap((path) => {
  const text = readFileSync(join(root, path), 'utf8')
  return shown.flatMap((pattern) => [...text.matchAll(pattern)].map(([, secret = '']) => ({ path, secret })))
})

const complaints = (secret: string): readonly string[] => {
  const heard: string[] = []
  const complain = (_: unknown, what: string) => {
    heard.push(what)
  }
  checkSecret(secret, ['secret'], 10, {
    reachable: 'it is reachable',
    looksForGuesses: true,
    warn: () => {},
    complain,
  })
  return heard
}

test('a secret that a document shows is refused wherever the server can be reached', () => {
  assert.ok(found.some(({ path }) => path === 'README.md'))
  for (const { path, secret } of found) assert.equal(complaints(secret).length, 1, `${path}: ${secret}`)
})

test('a secret in the sample of a sender is refused wherever the server can be reached', () => {
  const samples = JSON.stringify([...senders.values()].map(({ sample }) => sample))
  const states = [...samples.matchAll(/"clientState":"([^"]*)"/g)].map(([, secret = '']) => secret)
  assert.ok(states.length > 0)
  for (const secret of states) assert.equal(complaints(secret).length, 1, secret)
})

test('a secret of `postern secret` is not refused', () => {
  assert.deepEqual(complaints('Zq8rT3vLx0pWn5KdYb2hGs7m'), [])
})
