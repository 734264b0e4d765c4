/** Allows so many events a minute for each key, with the whole minute's worth as a burst. */
export interface Limiter {
  /** Spends one; 0 when allowed, else the milliseconds until the next would be. */
  take(key: string, now: number): number
}

interface Bucket {
  tokens: number
  at: number
}

/** `perMinute` is asked at each call, so that a changed configuration holds at once; 0 means no limit. */
export function createLimiter(perMinute: () => number, maxKeys = 10_000): Limiter {
  const buckets = new Map<string, Bucket>()
  return {
    take(key, now) {
      const limit = perMinute()
      if (limit <= 0) return 0
      const bucket = refilled(buckets.get(key), limit, now)
      if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * 60_000) / limit)
      bucket.tokens -= 1
      if (!buckets.has(key) && buckets.size >= maxKeys) forgetOldest(buckets)
      buckets.set(key, bucket)
      return 0
    },
  }
}

function refilled(bucket: Bucket | undefined, limit: number, now: number): Bucket {
  if (!bucket) return { tokens: limit, at: now }
  const tokens = Math.min(limit, bucket.tokens + (Math.max(0, now - bucket.at) * limit) / 60_000)
  bucket.tokens = tokens
  bucket.at = Math.max(bucket.at, now)
  return bucket
}

function forgetOldest(buckets: Map<string, Bucket>): void {
  const oldest = buckets.keys().next()
  if (!oldest.done) buckets.delete(oldest.value)
}
