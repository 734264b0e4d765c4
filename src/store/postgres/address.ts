import { readFileSync } from 'node:fs'
import { Failure, reasonOf } from '../../domain/error.ts'

// The address of a store is a URI as libpq takes it (postgresql.org/docs/current/libpq-connect.html). The client reads most of it; what
// it does not know are files: `passfile` with a password, `sslrootcert` with the certificates of who signs the server's.

export const isPostgres = (address: string): boolean =>
  /^postgres(ql)?:\/\//.test(address) && URL.canParse(address)

interface Files {
  /** The address without the members that name files. */
  readonly address: string
  readonly password?: string
  readonly ssl?: {
    readonly ca?: string
    readonly host: string
    readonly checkServerIdentity?: () => undefined
  }
}

/** Reads the files that an address names. Throws `config_invalid` where one cannot be read or has no password for it. */
export function withFiles(address: string): Files {
  const url = new URL(address)
  const take = (name: string): string | undefined => {
    const value = url.searchParams.get(name) ?? undefined
    url.searchParams.delete(name)
    return value
  }
  const [passfile, root] = [take('passfile'), take('sslrootcert')]
  const password = passfile === undefined ? undefined : passwordIn(read(passfile), url)
  if (passfile !== undefined && password === undefined)
    throw new Failure(
      'config_invalid',
      `${passfile} has no line for ${url.host}: host:port:database:user:password`,
    )
  // By its name, too, unless only the signature is asked for.
  const mode = url.searchParams.get('sslmode')
  const ssl = (root !== undefined || mode === 'verify-full') && {
    ...(root !== undefined && { ca: read(root) }),
    // Else Deno takes a certificate for `localhost` for that of any address in numbers.
    host: url.hostname,
    ...(mode === 'verify-ca' && { checkServerIdentity: () => undefined }),
  }
  return { address: url.href, ...(password !== undefined && { password }), ...(ssl && { ssl }) }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Failure(
      'config_invalid',
      `Cannot read ${file}, which the address of the store names: ${reasonOf(cause)}.`,
      {
        cause,
      },
    )
  }
}

/** postgresql.org/docs/current/libpq-pgpass.html: the first line that fits; `*` fits all, and a backslash keeps what follows it. */
function passwordIn(lines: string, { hostname, port, pathname, username }: URL): string | undefined {
  const wanted = [hostname, port || '5432', pathname.slice(1) || username, username].map(decodeURIComponent)
  for (const line of lines.split(/\r?\n/)) {
    const fields = [...line.matchAll(/((?:\\.|[^\\:])*)(?::|$)/g)].map(([, field = '']) =>
      field.replaceAll(/\\(.)/g, '$1'),
    )
    if (wanted.every((value, i) => fields[i] === '*' || fields[i] === value)) return fields[4]
  }
  return undefined
}
