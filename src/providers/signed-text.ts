import type { VerifyConfig } from '../domain/verify.ts'
import type { Flaw } from './sender.ts'

/** What `{…}` may stand for in `signed`. */
export const placeholder = /\{(body|timestamp|url|method|header:[A-Za-z0-9-]+)\}/g

/** How JavaScript, Mustache, shells, Ruby and others write a placeholder around one of ours. */
const foreignBrace = /[{$#@%]\{(body|timestamp|url|method|header:[^{}]*)\}/
/** Braces that hold no placeholder of ours; JSON may be signed. */
const unknownBrace = /\{\s*(?:\w[^{}"]*)?\}/
const name = '(?:time_?stamp|time|ts|date|raw_?body|body|payload|content|url|uri|path|method|header|nonce)'
/** `[timestamp]`, `<body>`, `%url%`, `(method)`, `$timestamp`, `:timestamp`, `@body`. */
const foreignName = new RegExp(
  `\\[\\s*${name}\\s*\\]|<\\s*${name}\\s*>|%${name}%|\\(\\s*${name}\\s*\\)|[$:@#%]${name}\\b`,
  'i',
)

const known = 'only {body}, {timestamp}, {url}, {method} and {header:name}'

/** Why a string to sign holds something that nobody fills, and so would be signed as it stands. */
export function flawOfSignedText(signed: string): Flaw | undefined {
  if (!signed.includes('{body}')) return flaw('must hold {body}, or anybody could replace the body')
  const rest = signed.replaceAll(placeholder, '\0')
  const unknown =
    foreignBrace.exec(signed) ?? unknownBrace.exec(rest) ?? foreignName.exec(rest) ?? bareName(signed, rest)
  if (unknown) return flaw(`knows no ${unknown[0].replaceAll('\0', '')}, ${known}`)
  return count(rest, '{') === count(rest, '}')
    ? undefined
    : flaw(`has a brace without its other half; it knows ${known}`)
}

const flaw = (what: string): Flaw => ({ option: 'signed', what })

const count = (text: string, sign: string): number => text.split(sign).length - 1

/** A name as a plain word, where its placeholder is missing: it stands for itself. */
const bareName = (signed: string, rest: string): RegExpExecArray | null =>
  (['timestamp', 'url', 'method', 'body'] as const)
    .filter((one) => !signed.includes(`{${one}}`))
    .map((one) => new RegExp(`\\b${one}\\b`, 'i').exec(rest))
    .find((found) => found !== null) ?? null

const oftenSet =
  /^(?:host|connection|content-(?:length|type|encoding)|transfer-encoding|accept(?:-encoding)?|user-agent|cookie)$/i

/** Headers that clients and proxies set themselves carry no proof, and no time or id of a sender. */
export const flawOfHeaderNames = (config: VerifyConfig): Flaw | undefined => {
  const option = (['header', 'timestampHeader', 'idHeader'] as const).find((one) =>
    oftenSet.test(config[one] ?? ''),
  )
  return option && { option, what: 'is a header that clients set for themselves' }
}
