import type { Scheme, VerifyConfig } from '../domain/verify.ts'
import type { Check, SignedRequest, Verified } from './request.ts'
import { basic, bearer, microsoftGraph } from './shared-secret.ts'
import { pagerduty, stripe } from './signature-lists.ts'
import { discord, gitlab, standardWebhooks, svix } from './standard-webhooks.ts'
import {
  bitbucket,
  dropbox,
  gitea,
  github,
  grafana,
  hmac,
  linear,
  meta,
  sentry,
  shopify,
  slack,
  square,
  twitch,
  zoom,
} from './vendors.ts'

/**
 * Whether a request proves by its scheme that it comes from the configured sender; undefined when it does not, for
 * whatever reason. On the raw bytes, in constant time, strict in every encoding, never throws.
 */
export const verifySignature = (config: VerifyConfig, request: SignedRequest): Verified | undefined =>
  checks[config.scheme](config, request)

const checks: Readonly<Record<Scheme, Check>> = {
  bearer,
  basic,
  hmac,
  'standard-webhooks': standardWebhooks,
  svix,
  github,
  gitlab,
  gitea,
  bitbucket,
  stripe,
  slack,
  linear,
  shopify,
  sentry,
  pagerduty,
  grafana,
  discord,
  zoom,
  meta,
  twitch,
  dropbox,
  square,
  'microsoft-graph': microsoftGraph,
}
