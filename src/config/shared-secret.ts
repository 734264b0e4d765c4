import { isLoopback } from '../domain/loopback.ts'
import { minSecretLength } from '../domain/verify.ts'
import type { Complain } from './problem.ts'

export interface Check {
  /** Where the server listens. */
  readonly host: string
  readonly warn: (text: string) => void
  readonly complain: Complain
}

/** The example of the documentation: no secret. */
const exampleSecret = 'your-webhook-secret'
const path = ['webhooks', 'secret']

/** The shared secret of enabled webhooks: there, long enough, and not the one from the documentation. */
export function checkSharedSecret(secrets: readonly string[], { host, warn, complain }: Check): void {
  if (secrets.length === 0) complain(path, 'is missing, and webhooks are enabled; `postern secret` makes one')
  for (const secret of secrets) {
    if (secret.length < minSecretLength)
      complain(path, `must have ${minSecretLength} characters or more; \`postern secret\` makes one`)
    else if (secret === exampleSecret && !isLoopback(host))
      complain(path, `is the one from the documentation, and ${host} is not a loopback address`)
    else if (secret === exampleSecret)
      warn('webhooks.secret is the one from the documentation; `postern secret` makes one of your own.')
  }
}
