import { createHmac } from 'node:crypto'

export const secret = 'wT7pQ2mZ9xK4vB8nLr5Jd3Hs'

/** The header by which GitHub and many others prove a body. */
export const signature = (body: string): Readonly<Record<string, string>> => ({
  'X-Hub-Signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
})
