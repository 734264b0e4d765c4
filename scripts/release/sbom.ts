import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Locked {
  readonly version: string
  readonly license?: string
  /** `sha512-` and base64. */
  readonly integrity?: string
}

export interface Lock {
  readonly name: string
  readonly packages: Readonly<Record<string, Locked>>
}

/**
 * What lies in the executable, as CycloneDX 1.6 JSON: the packages that the bundler took from, and the runtime. Nothing in
 * it depends on when or where it is made.
 */
export async function sbomOf(root: string): Promise<string> {
  const lock = lockOf(root)
  const paths = await bundledPackages(root)
  const runtime = component(lock, 'node_modules/bun', 'platform')
  // One of a kind, however often it is installed.
  const libraries = new Map(
    paths.map((path) => component(lock, path, 'library')).map((each) => [each['bom-ref'], each]),
  )
  const components = [...libraries.values(), runtime]
  const own = component(lock, '', 'application')
  return `${JSON.stringify(
    {
      $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      version: 1,
      metadata: { component: own },
      components,
      dependencies: [
        { ref: own['bom-ref'], dependsOn: components.map((it) => it['bom-ref']) },
        ...components.map((it) => ({ ref: it['bom-ref'] })),
      ],
    },
    undefined,
    2,
  )}\n`
}

export const lockOf = (root: string): Lock =>
  JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock

/** Folders of the packages that at least one module comes from, sorted. */
export async function bundledPackages(root: string): Promise<readonly string[]> {
  const { metafile } = await Bun.build({
    entrypoints: [join(root, 'src/main.ts'), join(root, 'src/store-thread.ts')],
    root,
    target: 'bun',
    format: 'esm',
    minify: true,
    metafile: true,
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  const folders = Object.keys(metafile?.inputs ?? {}).map(
    (input) => /(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1],
  )
  return [...new Set(folders)].filter((folder) => folder !== undefined).sort()
}

function component({ name: ownName, packages }: Lock, path: string, type: string) {
  const locked = packages[path]
  if (!locked) throw new Error(`${path} is not in package-lock.json.`)
  const { version, license, integrity } = locked
  const name = path === '' ? ownName : path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
  return {
    type,
    'bom-ref': purl,
    name,
    version,
    purl,
    ...(license !== undefined && { licenses: [licenseOf(license)] }),
    ...(integrity !== undefined && { hashes: [{ alg: 'SHA-512', content: hexOf(integrity) }] }),
  }
}

const licenseOf = (text: string) => (/[ (]/.test(text) ? { expression: text } : { license: { id: text } })

const hexOf = (integrity: string): string =>
  Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex')
