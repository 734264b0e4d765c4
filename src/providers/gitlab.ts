import { isSecret } from '../auth/secrets.ts'
import type { VerifyConfig } from '../domain/verify.ts'
import { gitlabPreset } from './gitlab-events.ts'
import { claimed, type SignedRequest, single, type Verified } from './request.ts'
import type { Sender } from './sender.ts'
import { isStandardKey, signStandard, verifyStandard, whyNotStandard } from './standard-webhooks.ts'
import { flawOfHeader, wrong } from './unproven.ts'

export const gitlab: Sender = {
  title: 'GitLab',
  scheme: {
    proof: 'the secret in `x-gitlab-token`, or for `whsec_` secrets as `standard-webhooks`',
    toleranceSeconds: 300,
    verify: async (config, request) =>
      (await verifyStandard({ ...config, secrets: config.secrets.filter(isSigning) }, request)) ??
      verifyToken(config, request),
    whyNot: (config, request) =>
      config.secrets.every(isSigning)
        ? whyNotStandard(config, request)
        : (flawOfHeader(request, 'x-gitlab-token') ?? wrong('the token in x-gitlab-token is wrong')),
    idIn: (_, request) => single(request, 'webhook-id') ?? idIn(request),
    sign: (config, request) =>
      isSigning(config.secrets[0] ?? '')
        ? signStandard(config, request)
        : { 'x-gitlab-token': config.secrets[0] ?? '' },
    credential: () => ({
      text: 'its secret token',
      security: { type: 'apiKey', in: 'header', name: 'X-Gitlab-Token' },
    }),
    key: {
      what: 'the secret token, or the signing token as the sender shows it, whsec_ and base64 of 16 bytes or more',
      fits: (secret) => !isSigning(secret) || isStandardKey(secret),
    },
  },
  preset: gitlabPreset,
  sample: {
    headers: { 'x-gitlab-event': 'Pipeline Hook' },
    body: {
      object_kind: 'pipeline',
      object_attributes: { id: 31, ref: 'main', status: 'failed' },
      project: { path_with_namespace: 'acme/billing', web_url: 'https://gitlab.com/acme/billing' },
      commit: { title: 'Fix invoice rounding', author: { name: 'Alice' } },
      builds: [{ name: 'test', stage: 'test', status: 'failed', failure_reason: 'script_failure' }],
    },
  },
}

/**
 * docs.gitlab.com, "Webhooks": a signing token (`whsec_…`) by the Standard Webhooks scheme, a secret token sent as it
 * is. Each secret opens in its own way only, so that a signed hook cannot be talked down to a bare token.
 */
const isSigning = (secret: string): boolean => secret.startsWith('whsec_')

async function verifyToken({ secrets }: VerifyConfig, request: SignedRequest): Promise<Verified | undefined> {
  const plain = secrets.filter((secret) => !isSigning(secret))
  return isSecret(single(request, 'x-gitlab-token') ?? '', plain)
    ? claimed(request, idIn(request))
    : undefined
}

const idIn = (request: SignedRequest): string | undefined =>
  single(request, 'idempotency-key') ?? single(request, 'x-gitlab-event-uuid')
