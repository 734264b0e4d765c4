// The first step of every npm script: plain JavaScript for Node 20, because nothing may be installed yet.
//   node scripts/bootstrap.mjs <script.ts> [arguments]
// Makes sure that node_modules is what the lock file says, finds the pinned Bun, and runs the script with it.

import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const modules = join(root, 'node_modules')
const suffix = process.platform === 'win32' ? '.exe' : ''

main(process.argv.slice(2))

function main([script, ...args]) {
  if (!script) fail('Usage: node scripts/bootstrap.mjs <script.ts> [arguments]', 2)
  if (!isInstalled()) install()
  makeDenoRunnable()
  run(findBun(), [join(root, script), ...args])
}

/** Every package of the lock file is there in its version; optional ones of other platforms may be missing. */
function isInstalled() {
  const { packages } = readJson(join(root, 'package-lock.json'))
  return Object.entries(packages).every(([path, entry]) => {
    const manifest = join(root, path, 'package.json')
    return existsSync(manifest) ? readJson(manifest).version === entry.version : entry.optional === true
  })
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** What a first attempt complains about is said only when no other one helps. */
function install() {
  console.error('Installing packages…')
  let said = ''
  const done = installers().some(([command, ...args]) => {
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd: root,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    })
    said += `${stdout}${stderr}`
    return status === 0
  })
  if (!done) fail(`${said}\nThe packages could not be installed.`)
}

/**
 * `npm ci` refuses when the registry at hand lacks packages of other platforms; `npm install` keeps the lock file's
 * versions and passes over them. Development packages are wanted even where NODE_ENV says production: they hold Bun.
 */
function installers() {
  const cli = process.env.npm_execpath ?? ''
  if (process.versions.bun && !onPath('npm')) return [[process.execPath, 'install', '--no-save']]
  const npm = /npm-cli\.c?js$/.test(cli) ? [process.execPath, cli] : ['npm']
  const options = ['--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']
  return [
    [...npm, 'ci', ...options],
    [...npm, 'install', '--no-save', ...options],
  ]
}

function onPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)))
}

/** npm may be set to run no install scripts. Then Deno's binary is where npm unpacked it, perhaps without its mode. */
function makeDenoRunnable() {
  for (const binary of binariesIn('@deno', `deno${suffix}`)) chmodSync(binary, 0o755)
  if (!existsSync(join(modules, 'deno', `deno${suffix}`))) runInstallScript('deno', 'install.cjs')
}

/**
 * Bun's package is a placeholder until its install script has moved a platform's binary into it. Where that did not
 * happen it is run here, and if even that changes nothing, the platform's own binary serves.
 */
function findBun() {
  const version = readJson(join(modules, 'bun', 'package.json')).version
  const installed = join(modules, 'bun', 'bin', 'bun.exe')
  if (reports(installed, version)) return installed
  runInstallScript('bun', 'install.js')
  const found = [installed, ...binariesIn('@oven', 'bin', `bun${suffix}`)].find((it) => reports(it, version))
  return found ?? fail(`Bun ${version} does not run on ${process.platform} ${process.arch}.`)
}

function binariesIn(scope, ...rest) {
  const folder = join(modules, scope)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .map((name) => join(folder, name, ...rest))
    .filter((path) => existsSync(path))
}

function reports(binary, version) {
  return (
    existsSync(binary) && spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout?.trim() === version
  )
}

function runInstallScript(name, file) {
  const cwd = join(modules, name)
  if (existsSync(join(cwd, file))) spawnSync(process.execPath, [file], { cwd, stdio: ['ignore', 2, 2] })
}

/** ^C reaches both through the terminal; the child decides when it is done and this process follows. */
function run(command, args) {
  const child = spawn(command, args, { stdio: 'inherit' })
  const forward = (signal) => child.kill(signal)
  process.on('SIGINT', () => {})
  process.on('SIGTERM', forward)
  process.on('SIGHUP', forward)
  child.on('error', (error) => fail(error.message))
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1)
  })
}

function fail(message, code = 1) {
  console.error(message)
  process.exit(code)
}
