import type { ConfigPath } from './problem.ts'
import { type BuildDeps, type OneSecret, resolveSecrets, type SecretCheck } from './secrets.ts'

/** What is sent beside a notice by the rule's own will, names in lower case; complains of what no header can be. */
export async function buildHeaders(
  written: Readonly<Record<string, OneSecret>>,
  at: ConfigPath,
  deps: BuildDeps,
  { complain }: SecretCheck,
): Promise<Readonly<Record<string, string>>> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(written)) {
    const place = [...at, name]
    const known = name.toLowerCase()
    const [text = ''] = await resolveSecrets(value, place, deps)
    if (!isName.test(name)) complain(place, 'is no name of a header')
    else if (taken.test(known)) complain(place, 'is a header that Postern sets itself')
    else if (Object.hasOwn(headers, known)) complain(place, 'stands there already, in other letters')
    else if (!isValue.test(text))
      complain(place, `must be printable ASCII on one line, at most ${longestValue} characters`)
    headers[known] = text
  }
  return headers
}

const longestValue = 4096

/** RFC 9110 section 5.6.2. */
const isName = /^[!#$%&'*+.^_`|~\w-]{1,64}$/
const isValue = new RegExp(`^[\\x20-\\x7e]{0,${longestValue}}$`)

/** What frames the request, and what proves that it is ours. */
const taken =
  /^(host|connection|content-length|content-type|transfer-encoding|te|trailer|upgrade|expect|keep-alive|user-agent|webhook-(id|timestamp|signature))$/
