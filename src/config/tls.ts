import { readFile } from 'node:fs/promises'
import { Failure, reasonOf } from '../domain/error.ts'
import type { ServerConfig } from './types.ts'

/** PEM texts. */
export interface TlsTexts {
  readonly cert: string
  readonly key: string
}

/** The certificate and key of the server, tried here because runtimes do not name the files. Throws `config_invalid`. */
export async function readTls({ tls }: ServerConfig): Promise<TlsTexts | undefined> {
  if (!tls) return undefined
  try {
    const texts = { cert: await readFile(tls.certFile, 'utf8'), key: await readFile(tls.keyFile, 'utf8') }
    const { createSecureContext } = await import('node:tls')
    createSecureContext(texts)
    return texts
  } catch (cause) {
    throw new Failure(
      'config_invalid',
      `TLS does not work with ${tls.certFile} and ${tls.keyFile}: ${reasonOf(cause)}. Both must be PEM files, and the key that of the certificate.`,
      { cause },
    )
  }
}
